export { openSqliteDatabase } from './sqlite-database.ts'
export type { SqliteDatabaseOptions } from './sqlite-database.ts'
export { SqliteCache } from './sqlite-cache.ts'
