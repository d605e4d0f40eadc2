import type { StoredSnapshot } from './book-tables.ts'
import type { SqlValue } from './sql-database.ts'
import { blockId } from './stored-values.ts'

/** Statements of one order book: the chain and the address come first in the values of each. */
export type ScopedSql = {
  all(sql: string, ...values: SqlValue[]): readonly (readonly SqlValue[])[]
  run(sql: string, ...values: SqlValue[]): void
  readonly scope: readonly [chainId: number, address: string]
}

const here = 'chain_id = ? AND orderbook_address = ?'

/** The snapshots of one order book, and which of them it began from. Who writes has a transaction open. */
export function createSnapshotTables({ all, run, scope }: ScopedSql, now: () => number) {
  return {
    snapshot(atOrBefore: number): StoredSnapshot | undefined {
      const [row] = all(
        `SELECT block_number, block_hash, block_timestamp, checksum, bundle FROM virtual_snapshots
         WHERE ${here} AND block_number <= ? ORDER BY block_number DESC LIMIT 1`,
        atOrBefore,
      )
      if (row === undefined) return undefined
      const [, , timestamp, checksum, bundle] = row
      return {
        block: blockId(row),
        timestamp: Number(timestamp),
        checksum: String(checksum),
        bundle: String(bundle),
      }
    },
    hashAt(block: number): SqlValue | undefined {
      return all(`SELECT block_hash FROM virtual_snapshots WHERE ${here} AND block_number = ?`, block)[0]?.[0]
    },
    put({ block, timestamp, checksum, bundle }: StoredSnapshot): void {
      run(
        'INSERT OR REPLACE INTO virtual_snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        ...[block.number, block.hash, timestamp, checksum, bundle, now()],
      )
    },
    /** Drops all but the newest, and the one without which the events do not make a state. */
    prune(keep: number): void {
      run(
        `DELETE FROM virtual_snapshots WHERE ${here} AND block_number NOT IN (SELECT block_number FROM
           virtual_snapshots WHERE ${here} ORDER BY block_number DESC LIMIT ?)
         AND block_number IS NOT (SELECT first_block - 1 FROM book_beginnings WHERE ${here})`,
        ...scope,
        keep,
        ...scope,
      )
    },
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
    /** Drops all: they are of a state that lacked something. */
    clear(): void {
      run(`DELETE FROM virtual_snapshots WHERE ${here}`)
    },
    /** Says that none is missing. */
    complete(): void {
      run(`DELETE FROM book_beginnings WHERE ${here}`)
    },
  }
}
