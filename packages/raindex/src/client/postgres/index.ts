export { openPostgresSharedBooks, type PostgresSharedBooksOptions } from './postgres-shared-books.ts'
