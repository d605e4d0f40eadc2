export { openLocalDatabase, type LocalDatabaseOptions } from './open-local-database.ts'
