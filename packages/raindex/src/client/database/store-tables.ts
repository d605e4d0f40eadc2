import type { Address } from '../../engine/index.ts'
import { RaindexClientError } from '../client-error.ts'
import { here, type ScopedSql } from './scoped-sql.ts'
import { hexOf } from './stored-values.ts'

/** The stores whose logs one order book needs. Who writes has a transaction open. */
export function createStoreTables({ all, run }: Pick<ScopedSql, 'all' | 'run'>) {
  const stores = (): ReadonlyMap<Address, number> => {
    const rows = all(`SELECT store_address, first_block FROM book_stores WHERE ${here}`)
    return new Map(rows.map(([store, block]) => [hexOf(store), Number(block)]))
  }
  const put = (store: Address, firstBlock: number, isComplete: boolean): void =>
    run('INSERT OR IGNORE INTO book_stores VALUES (?, ?, ?, ?, ?)', store, firstBlock, isComplete ? 1 : 0)
  return {
    stores,
    put,
    incomplete(): readonly Address[] {
      const rows = all(`SELECT store_address FROM book_stores WHERE ${here} AND complete = 0`)
      return rows.map(([store]) => hexOf(store))
    },
    /** Says that all logs of a store are there. */
    complete(store: Address): void {
      run(`UPDATE book_stores SET complete = 1 WHERE ${here} AND store_address = ?`, store)
    },
    /** The first block behind one, and before another, in which a store was written. */
    firstSet(store: Address, after: number, before = Number.MAX_SAFE_INTEGER): number | undefined {
      const [row] = all(
        `SELECT min(block_number) FROM interpreter_store_sets
         WHERE ${here} AND store_address = ? AND block_number > ? AND block_number < ?`,
        ...[store, after, before],
      )
      return typeof row?.[0] === 'number' ? row[0] : undefined
    },
    /** Notes stores of older logs. They count once all of these are there: until then not all their words are. */
    addOlder(found: ReadonlyMap<Address, number>): void {
      for (const [store, block] of found) {
        run(
          `INSERT INTO older_stores VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
           SET first_block = min(first_block, excluded.first_block)`,
          store,
          block,
        )
      }
    },
    /** Lets them count. @returns each with the block from which it was known; undefined: its logs are not all there. */
    takeOlder(): readonly (readonly [store: Address, knownFrom: number | undefined])[] {
      const older = all(`SELECT store_address, first_block FROM older_stores WHERE ${here}`)
      const known = stores()
      for (const [address, block] of older) {
        put(hexOf(address), Number(block), false)
        run(
          `UPDATE book_stores SET first_block = min(first_block, ?3)
           WHERE chain_id = ?1 AND orderbook_address = ?2 AND store_address = ?4`,
          Number(block),
          hexOf(address),
        )
      }
      run(`DELETE FROM older_stores WHERE ${here}`)
      return older.map(([address]) => [hexOf(address), known.get(hexOf(address))])
    },
    /**
     * Refuses logs that were asked for before all stores were known.
     *
     * @throws {RaindexClientError} `ChainMoved`: begin again from what is known now.
     */
    assertFollowed(followed: ReadonlySet<Address>): void {
      const missing = [...stores().keys()].find((store) => !followed.has(store))
      if (missing === undefined) return
      const message = `The store ${missing} became known while logs were read. They are read again.`
      throw new RaindexClientError('ChainMoved', { message, retryable: true })
    },
  }
}
