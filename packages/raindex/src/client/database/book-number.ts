import type { Address } from '../../engine/index.ts'
import type { SqlDatabase } from './sql-database.ts'
import { preparedOnce } from './sql-database.ts'

/** The number of a book in tables that hold much of it. */
export type BookNumber = {
  /** Gives it a number if it has none: inside a transaction that writes. */
  get(): number
  /** Forgets it, because what has given it may be undone. */
  forget(): void
}

export function createBookNumber(database: SqlDatabase, scope: readonly [number, Address]): BookNumber {
  const prepared = preparedOnce(database)
  let known: number | undefined
  const read = (): number | undefined => {
    const [row] = prepared('SELECT book FROM books WHERE chain_id = ? AND orderbook_address = ?').all(
      ...scope,
    )
    return row && Number(row[0])
  }
  const give = (): number => {
    prepared('INSERT INTO books VALUES (NULL, ?, ?)').run(...scope)
    return read() ?? 0
  }
  return {
    get: () => (known ??= read() ?? give()),
    forget() {
      known = undefined
    },
  }
}
