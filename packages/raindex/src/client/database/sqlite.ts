export { openLocalDatabase, type LocalDatabaseOptions } from './open-local-database.ts'
export { importPublicDatabase, type ImportOptions, type ImportResult } from './import-public-database.ts'
export { openDump, openPublicDatabase } from './open-dump.ts'
export {
  beginFromManifest,
  type BeginFromManifestOptions,
  type BegunFromManifest,
} from './begin-from-manifest.ts'
export { readDumpManifest, type ListedDump } from './read-dump-manifest.ts'
export { openSqliteSharedBooks, type SqliteSharedBooksOptions } from '../shared/sqlite-shared-books.ts'
