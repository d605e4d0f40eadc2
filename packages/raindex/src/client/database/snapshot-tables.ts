import type { StoredSnapshot } from './book-tables.ts'
import type { SqlValue } from './sql-database.ts'
import { here, type ScopedSql } from './scoped-sql.ts'
import { blockId } from './stored-values.ts'

/** The snapshots of one order book. Who writes has a transaction open. */
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
    /** Drops all: they are of a state that lacked something. */
    clear(): void {
      run(`DELETE FROM virtual_snapshots WHERE ${here}`)
    },
  }
}
