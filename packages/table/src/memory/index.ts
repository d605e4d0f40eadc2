export { createMemoryDatabase } from './memory-database.ts'
export type { MemoryDatabaseOptions } from './memory-database.ts'
