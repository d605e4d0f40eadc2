export { openSqliteStore, type SqliteStoreOptions } from './open-sqlite-store.ts'
export { createSqlitePeers, type SqlitePeersOptions } from './sqlite-peers.ts'
