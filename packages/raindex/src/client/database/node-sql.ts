import { DatabaseSync } from 'node:sqlite'
import type { SqlDatabase, SqlValue } from './sql-database.ts'

export type NodeSqlOptions = {
  readonly path: string
  /** How long a call waits for another process. Default 5,000. */
  readonly busyTimeoutMs?: number | undefined
  readonly readOnly?: boolean | undefined
}

/** SQLite of Node. */
export function openNodeSql({ path, busyTimeoutMs = 5_000, readOnly = false }: NodeSqlOptions): SqlDatabase {
  return nodeSql(new DatabaseSync(path, { timeout: busyTimeoutMs, readOnly }))
}

/** A connection of Node as the port has it. */
export function nodeSql(database: DatabaseSync): SqlDatabase {
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      statement.setReturnArrays(true)
      const names = statement.columns().map(({ name }) => name)
      return {
        run: (...values) => Number(statement.run(...values).changes),
        // Set above to return lists, which the types of node:sqlite do not know.
        all: (...values) => statement.all(...values) as unknown as readonly (readonly SqlValue[])[],
        rows(...values) {
          // As above.
          const rows = statement.all(...values) as unknown as readonly (readonly SqlValue[])[]
          return rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])))
        },
      }
    },
    defineFunction(name, work) {
      database.function(name, { deterministic: true, varargs: true }, (...values) => work(...values))
    },
    defineAggregate(name, { start, step }) {
      database.aggregate(name, { deterministic: true, start, step: (sum: string, value) => step(sum, value) })
    },
    close: () => database.close(),
  }
}
