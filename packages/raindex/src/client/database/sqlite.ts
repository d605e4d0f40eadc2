export { openLocalDatabase, type LocalDatabaseOptions } from './open-local-database.ts'
export { importPublicDatabase, type ImportResult } from './import-public-database.ts'
export { openDump, openPublicDatabase } from './open-dump.ts'
