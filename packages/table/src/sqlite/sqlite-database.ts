import { systemClock, type Clock, type ColumnType } from '@freshet/core'
import { unknownTable } from '../master-errors.ts'
import type { MasterDatabase, TableSchema } from '../master.ts'
import { createChangeLog } from './change-log.ts'
import { openSqliteConnection } from './sqlite-connection.ts'
import { quote } from './sqlite-filter.ts'
import { createSqliteMaster } from './sqlite-master.ts'

export type SqliteDatabaseOptions = {
  /** A file, or `:memory:`. */
  readonly path: string
  readonly tables: { readonly [table: string]: TableSchema }
  /** Makes the tables that are not there, with one column for each of the schema. Default false. */
  readonly createTables?: boolean | undefined
  /** How often the writes of other connections are looked for while a watch runs. Default 100. */
  readonly pollMs?: number | undefined
  /** How long to wait for another connection's write to end. Blocks this thread. Default 2,000. */
  readonly busyTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

/**
 * Opens the tables of a SQLite database, by `node:sqlite`.
 *
 * Adds to the database a table `freshet_log` and triggers that note each change
 * in it, so that a watch sees the writes of every connection and can go on
 * after a restart.
 *
 * @throws {FreshetError} `sqlite/cannot-open`, `sqlite/corrupt`, `table/missing-table`.
 */
export function openSqliteDatabase(options: SqliteDatabaseOptions): MasterDatabase {
  const {
    path,
    tables,
    createTables = false,
    pollMs = 100,
    busyTimeoutMs = 2000,
    clock = systemClock,
  } = options
  const connection = openSqliteConnection(path, busyTimeoutMs)
  const names = Object.keys(tables)
  const schemas = new Map(Object.entries(tables))
  const schemaOf = (name: string): TableSchema => {
    const schema = schemas.get(name)
    if (schema === undefined) throw unknownTable(name, names)
    return schema
  }
  try {
    const log = createChangeLog({ connection, clock, pollMs })
    for (const [name, schema] of schemas) {
      if (createTables) connection.execute(createTableSql(name, schema))
      log.install(name, schema.idField)
    }
    return {
      tables: names,
      master: (name) =>
        createSqliteMaster({ name, schema: schemaOf(name), connection, log, schemaOf }, undefined),
      async close() {
        log.close()
        connection.close()
      },
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

function createTableSql(name: string, schema: TableSchema): string {
  const columns = Object.entries(schema.columns).map(([column, type]) => `${quote(column)} ${affinity[type]}`)
  const all = [`${quote(schema.idField)} TEXT PRIMARY KEY NOT NULL`, ...columns]
  return `CREATE TABLE IF NOT EXISTS ${quote(name)} (${all.join(', ')})`
}

/** Column types that keep a value as it is given (sqlite.org/datatype3.html, section 3.1). */
const affinity: { readonly [type in ColumnType]: string } = {
  any: 'BLOB',
  bool: 'INTEGER',
  int: 'INTEGER',
  float: 'REAL',
  decimal: 'TEXT',
  text: 'TEXT',
  bytes: 'BLOB',
  datetime: 'TEXT',
  uuid: 'TEXT',
  recordId: 'TEXT',
  duration: 'TEXT',
  array: 'TEXT',
  object: 'TEXT',
}
