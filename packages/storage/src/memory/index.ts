export { openMemoryStore, type MemoryStoreOptions } from './open-memory-store.ts'
export { createMemoryDisk, type MemoryDisk } from './memory-disk.ts'
