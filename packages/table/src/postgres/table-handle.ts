import type { TableSchema } from '../master.ts'
import { quote, readTable, type PgTable } from './postgres-catalog.ts'
import type { PostgresConnection, SqlResult, SqlStatement } from './postgres-connection.ts'
import { sqlState } from './postgres-errors.ts'
import type { TypeKinds } from './postgres-kind.ts'
import { createRowReaders, type RowReaders } from './row-reader.ts'
import { declaredColumns } from './row-writer.ts'

/** One table of a PostgreSQL database, as far as it is known. */
export type TableHandle = {
  readonly name: string
  readonly schema: TableSchema
  readonly readers: RowReaders
  /** What the database says of it; absent before it has been asked. */
  readonly known: PgTable | undefined
  /** Asks again what the database says of it. */
  reload(): Promise<PgTable>
  /**
   * Runs work that stands on what is known of the table. Work that fails
   * because the table has changed since is run again, once.
   */
  withTable<T>(work: (table: PgTable) => Promise<T>): Promise<T>
  run(statement: SqlStatement, signal?: AbortSignal): Promise<SqlResult>
}

export function createTableHandle(options: {
  readonly name: string
  readonly schema: TableSchema
  /** The schema it stands in. */
  readonly namespace: string
  readonly connection: PostgresConnection
  readonly kinds: TypeKinds
}): TableHandle {
  const { name, schema, namespace, connection, kinds } = options
  let known: PgTable | undefined
  let loading: Promise<PgTable> | undefined

  const reload = async (): Promise<PgTable> => {
    loading ??= readTable(connection.rows, kinds, { schema: namespace, name, idField: schema.idField })
    try {
      known = await loading
      return known
    } finally {
      loading = undefined
    }
  }
  return {
    name,
    schema,
    readers: createRowReaders(schema, kinds),
    get known() {
      return known
    },
    reload,
    run: connection.run,
    async withTable(work) {
      connection.assertOpen()
      const table = known ?? (await reload())
      try {
        return await work(table)
      } catch (error) {
        const state = error instanceof Error ? sqlState(error.cause) : undefined
        if (state === undefined || !changed.has(state)) throw error
        const now = await reload()
        if (now.fingerprint === table.fingerprint) throw error
        return work(now)
      }
    },
  }
}

/** What to select, or to return, so that a reader can read it: the id as text, then what is declared and there. */
export function selectedColumns(schema: TableSchema, table: PgTable): string {
  const columns = declaredColumns(schema, table).map(({ name }) => quote(name))
  return [`${quote(schema.idField)}::text AS ${quote(schema.idField)}`, ...columns].join(', ')
}

/**
 * What PostgreSQL answers when a statement names what is not there any more, or
 * of another type: nothing of it was done.
 */
const changed: ReadonlySet<string> = new Set(['42703', '42P01', '42804', '42883', '22P02', '42P10', '0A000'])
