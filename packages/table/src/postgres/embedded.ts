export { startPostgres } from './start-postgres.ts'
export type { EmbeddedServer, StartPostgresOptions } from './start-postgres.ts'
