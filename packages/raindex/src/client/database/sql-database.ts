/** A value as SQLite has it. */
export type SqlValue = null | number | bigint | string | Uint8Array

/** A statement, prepared once and run often. Values are bound in order. */
export interface SqlStatement {
  /** @returns how many rows were written. */
  run(...values: readonly SqlValue[]): number
  /** Each row as the list of its columns. */
  all(...values: readonly SqlValue[]): readonly (readonly SqlValue[])[]
  /** Each row by the names of its columns. */
  rows(...values: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[]
}

/** Sums up rows: `start` for each group, `step` for each row, `result` at the end. */
type SqlAggregate = {
  readonly start: () => string
  readonly step: (sum: string, value: SqlValue) => string
}

/**
 * SQLite as it is used here, on Node and in a browser's worker alike: one connection, answering at once.
 *
 * Methods throw what the engine throws.
 */
export interface SqlDatabase {
  exec(sql: string): void
  prepare(sql: string): SqlStatement
  defineFunction(name: string, work: (...values: readonly SqlValue[]) => SqlValue): void
  defineAggregate(name: string, aggregate: SqlAggregate): void
  close(): void
}

/** Runs work in one transaction: all of it, or after an error nothing. */
export function inTransaction<T>(database: SqlDatabase, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  let result: T
  try {
    result = work()
  } catch (error) {
    rollBack(database)
    throw error
  }
  database.exec('COMMIT')
  return result
}

function rollBack(database: SqlDatabase): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    // Some errors, a full disk among them, have already rolled back.
  }
}

/** Gives each statement prepared once. */
export function preparedOnce(database: SqlDatabase): (sql: string) => SqlStatement {
  const statements = new Map<string, SqlStatement>()
  return (sql) => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
}
