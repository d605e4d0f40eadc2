import { here, type ScopedSql } from './scoped-sql.ts'

/** Where one order book began in the database. Who writes has a transaction open. */
export function createBeginningTables({ all, run }: Pick<ScopedSql, 'all' | 'run'>) {
  return {
    /** The first block from which on no event is missing. */
    completeFrom(): number {
      return Number(all(`SELECT first_block FROM book_beginnings WHERE ${here}`)[0]?.[0] ?? 0)
    },
    /** Says that events before a block are not there. */
    beginAt(firstBlock: number): void {
      run('INSERT OR REPLACE INTO book_beginnings VALUES (?, ?, ?)', firstBlock)
    },
    /** The first block that was read. */
    firstRead(): number {
      return Number(all(`SELECT first_block FROM book_first_reads WHERE ${here}`)[0]?.[0] ?? 0)
    },
    readFrom(firstBlock: number): void {
      run('INSERT OR REPLACE INTO book_first_reads VALUES (?, ?, ?)', firstBlock)
    },
    /** Says that none is missing. */
    complete(): void {
      run(`DELETE FROM book_beginnings WHERE ${here}`)
    },
  }
}
