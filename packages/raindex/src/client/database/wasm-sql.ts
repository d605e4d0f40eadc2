import type { Database, Sqlite3Static } from '@sqlite.org/sqlite-wasm'
import type { SqlDatabase, SqlValue } from './sql-database.ts'

/** SQLite's own WebAssembly build, as the port has it. */
export function wasmSql(sqlite3: Sqlite3Static, database: Database): SqlDatabase {
  return {
    exec: (sql) => void database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      const names = Array.from(
        { length: statement.columnCount },
        (_, at) => statement.getColumnName(at) ?? '',
      )
      const all = (values: readonly SqlValue[]): readonly (readonly SqlValue[])[] => {
        const rows: (readonly SqlValue[])[] = []
        try {
          if (values.length > 0) statement.bind([...values])
          // Its types allow Int8Array too, which SQLite never gives.
          while (statement.step()) rows.push(statement.get([]) as readonly SqlValue[])
          return rows
        } finally {
          statement.reset(true)
        }
      }
      return {
        run(...values) {
          all(values)
          return database.changes()
        },
        all: (...values) => all(values),
        rows: (...values) =>
          all(values).map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null]))),
      }
    },
    defineFunction(name, work) {
      const xFunc = (_: number, ...values: readonly unknown[]): SqlValue => work(...readValues(values))
      database.createFunction({ name, xFunc, arity: -1, deterministic: true })
    },
    defineAggregate(name, { start, step }) {
      // Each group has memory of its own in SQLite, whose address is its key.
      const sums = new Map<unknown, string>()
      const keyOf = (context: number, bytes: number): unknown =>
        sqlite3.capi.sqlite3_js_aggregate_context(context, bytes)
      database.createFunction({
        name,
        arity: 1,
        deterministic: true,
        xStep(context: number, ...values: readonly unknown[]) {
          const key = keyOf(context, 4)
          const [value = null] = readValues(values)
          sums.set(key, step(sums.get(key) ?? start(), value))
        },
        xFinal(context: number) {
          const key = keyOf(context, 0)
          const sum = sums.get(key) ?? start()
          sums.delete(key)
          return sum
        },
      })
    },
    close: () => database.close(),
  }
}

function readValues(values: readonly unknown[]): readonly SqlValue[] {
  // What SQLite hands to a function is one of its values.
  return values as readonly SqlValue[]
}
