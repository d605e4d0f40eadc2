export { openIndexedDbStore, type IndexedDbStoreOptions } from './open-indexeddb-store.ts'
export { changes, type ChangeKeeping } from './changes.ts'
export { indexes, type IndexKeeping } from './indexes.ts'
export { packs, type PackKeeping } from './packs.ts'
