import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { aborted, databaseClosed } from '../master-errors.ts'
import { sqliteToError } from './sqlite-errors.ts'
import type { SqliteValue } from './sqlite-values.ts'

/** Decides a condition on one column that SQLite itself would decide otherwise than we do. */
export type ColumnTest = (held: SqliteValue) => boolean

/** A statement with what it needs: values for its parameters and tests for `freshet_test(n, column)`. */
export type Statement = {
  readonly sql: string
  readonly values: readonly SqliteValue[]
  readonly tests?: readonly ColumnTest[] | undefined
}

export type SqliteConnection = {
  readonly path: string
  /** Rows as arrays in the order of the columns selected. Whole numbers are bigints. */
  all(statement: Statement): SqliteValue[][]
  /** Runs the body in one transaction: all of it or nothing. */
  transaction<T>(kind: 'read' | 'write', body: () => T): T
  execute(sql: string): void
  /** @throws {FreshetError} `table/closed` or `table/aborted`. */
  assertReady(signal: AbortSignal | undefined): void
  close(): void
}

/** Prepared statements kept. */
const maxPrepared = 200

/** @throws {FreshetError} `sqlite/cannot-open`, `sqlite/corrupt`. */
export function openSqliteConnection(path: string, busyTimeoutMs: number): SqliteConnection {
  const database = openDatabase(path, busyTimeoutMs)
  const prepared = new Map<string, StatementSync>()
  let tests: readonly ColumnTest[] = []
  let closed = false

  database.function('freshet_test', { useBigIntArguments: true }, (index, held) => {
    const test = tests[Number(index)]
    return test?.(held) === true ? 1 : 0
  })

  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const [oldest] = prepared.keys()
    if (prepared.size >= maxPrepared && oldest !== undefined) prepared.delete(oldest)
    prepared.set(sql, statement)
    return statement
  }
  const guarded = <T>(task: () => T): T => {
    try {
      return task()
    } catch (error) {
      throw sqliteToError(error, path)
    }
  }

  return {
    path,
    all: ({ sql, values, tests: ownTests = [] }) =>
      guarded(() => {
        const outer = tests
        tests = ownTests
        try {
          // With setReturnArrays each row is an array of what SQLite holds.
          return prepare(sql).all(...values) as unknown as SqliteValue[][]
        } finally {
          tests = outer
        }
      }),
    transaction: (kind, body) =>
      guarded(() => {
        database.exec(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN')
        try {
          const result = body()
          database.exec('COMMIT')
          return result
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK')
          throw error
        }
      }),
    execute: (sql) => guarded(() => database.exec(sql)),
    assertReady(signal) {
      if (signal?.aborted === true) throw aborted(signal.reason)
      if (closed) throw databaseClosed()
    },
    close() {
      if (closed) return
      closed = true
      prepared.clear()
      database.close()
    },
  }
}

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: busyTimeoutMs })
  } catch (error) {
    throw sqliteToError(error, path)
  }
}
