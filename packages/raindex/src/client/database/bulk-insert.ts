import type { SqlDatabase, SqlStatement, SqlValue } from './sql-database.ts'

/** Rows in one statement: a call costs as much as a row, and more at once gain nothing. */
export const rowsAtOnce = 32

/**
 * Gathers rows and inserts many with one statement; those that are there already stay.
 *
 * @param first - Gives the first value of all rows.
 * @param columns - How many more a row has.
 */
export function createBulkInsert(
  database: SqlDatabase,
  table: string,
  first: () => SqlValue,
  columns: number,
) {
  const row = `(?1, ${Array.from({ length: columns }, () => '?').join(', ')})`
  const statements = new Map<number, SqlStatement>()
  let pending: SqlValue[] = []
  let written = 0
  const write = (rows: number): void => {
    if (rows === 0) return
    const known = statements.get(rows)
    const sql = `INSERT OR IGNORE INTO ${table} VALUES ${Array.from({ length: rows }, () => row).join(', ')}`
    const statement = known ?? database.prepare(sql)
    if (rows === rowsAtOnce || rows === 1) statements.set(rows, statement)
    written += statement.run(first(), ...pending)
    pending = []
  }
  return {
    /** Values of rows, one after another; `added` is called after each row. */
    get values(): SqlValue[] {
      return pending
    },
    /** How many rows are gathered. */
    get rows(): number {
      return pending.length / columns
    },
    added(): void {
      if (pending.length === rowsAtOnce * columns) write(rowsAtOnce)
    },
    /** Writes what is left. @returns how many rows came in since the last time. */
    flush(): number {
      write(pending.length / columns)
      const count = written
      written = 0
      return count
    },
    /** Forgets rows that are not written. */
    forget(): void {
      pending = []
      written = 0
    },
  }
}
