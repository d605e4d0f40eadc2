export { makeCacheFolder } from './make-cache-folder.ts'
export { openSqliteStore, type SqliteStoreOptions } from './open-sqlite-store.ts'
export { createSqlitePeers, type SqlitePeersOptions } from './sqlite-peers.ts'
