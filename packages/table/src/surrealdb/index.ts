export { createSurrealDatabase } from './surreal-database.ts'
export type { SurrealDatabaseOptions } from './surreal-database.ts'
export type { SurrealEndpoint } from './surreal-connection.ts'
