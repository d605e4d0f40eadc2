export {
  createLocalDbSyncEngine,
  type LocalDbCursor,
  type LocalDbSyncEngineOptions,
} from './local-db-sync-engine.ts'
export { beginFromSnapshot } from './begin-from-snapshot.ts'
export type { LocalBook, LocalDatabase } from './local-database.ts'
export type { BookId, Rewinds, StoredCode, StoredSnapshot } from './book-tables.ts'
export type { SqlRow } from './database-core.ts'
export type { SqlDatabase, SqlStatement, SqlValue } from './sql-database.ts'
