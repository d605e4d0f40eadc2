export { openIndexedDbStore, type IndexedDbStoreOptions } from './open-indexeddb-store.ts'
