import type { Address } from '../../engine/index.ts'
import type { LocalBook } from '../database/local-database.ts'
import { bookFilter, storeFilter } from './book-filter.ts'
import { fetchWindows } from './fetch-windows.ts'
import type { Token } from './ledger.ts'
import { readToken } from './read-token.ts'
import type { RpcPool } from './rpc-pool.ts'
import { createWindowSize } from './window-size.ts'

export type BackfillOptions = {
  readonly pool: RpcPool
  readonly book: LocalBook
  /** The block in which the order book was made. */
  readonly fromBlock: number
  /** The last block that is missing. Default that of the snapshot the book was begun from; nothing without one. */
  readonly toBlock?: number | undefined
  /** Blocks of the first window and of the largest. Default 1,000 and 10,000. */
  readonly firstWindowBlocks?: number | undefined
  readonly maxWindowBlocks?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of each window: the blocks read so far, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Fills in the events from before a book began, for its history. What is live does not change: a snapshot holds it.
 *
 * May be ended at any time and begun again: what is there stays and counts once. Balances of the past are right when
 * it has resolved, and the book counts as complete.
 *
 * @throws {RpcFault} what nodes did that asking again did not mend.
 */
export async function backfillBook(options: BackfillOptions): Promise<void> {
  const { pool, book, fromBlock, firstWindowBlocks = 1_000, maxWindowBlocks = 10_000 } = options
  const toBlock = options.toBlock ?? (await book.completeFrom()) - 1
  if (toBlock < fromBlock) return
  const { signal = new AbortController().signal, onProgress } = options
  const { orderbook } = book.id
  const size = createWindowSize({ initial: firstWindowBlocks, most: maxWindowBlocks, targetLogs: 2_000 })
  const context = { pool, orderbook, size, ahead: 4, signal }
  const known = new Set((await book.tokens()).map(({ address }) => address))
  const stores = new Map<Address, number>()
  const total = toBlock + 1 - fromBlock
  const filter = bookFilter(orderbook.address, [])
  const range = { from: fromBlock, to: toBlock }
  for await (const { logs, to, scan } of fetchWindows(context, range, () => filter)) {
    const fresh = [...scan.tokens].filter((token) => !known.has(token))
    const tokens: readonly Token[] = await Promise.all(fresh.map((token) => readToken(pool, token, signal)))
    for (const token of fresh) known.add(token)
    for (const [store, block] of scan.stores) if (!stores.has(store)) stores.set(store, block)
    await book.addOlder(logs, scan.stores, tokens)
    onProgress?.(to + 1 - fromBlock, total)
  }
  await addStoreLogs(options, stores)
  await book.finishOlder(toBlock)
}

/** The words of these stores from the first block to the newest: some are of orders that were gone before. */
async function addStoreLogs(
  { pool, book, fromBlock, signal = new AbortController().signal }: BackfillOptions,
  stores: ReadonlyMap<Address, number>,
): Promise<void> {
  const tip = await book.tip()
  if (stores.size === 0 || tip === undefined) return
  const size = createWindowSize({ initial: 1_000, most: 10_000, targetLogs: 2_000 })
  const { orderbook } = book.id
  const context = { pool, orderbook, size, ahead: 4, signal }
  const filter = storeFilter(stores.keys())
  for await (const { logs } of fetchWindows(context, { from: fromBlock, to: tip.number }, () => filter)) {
    if (logs.length > 0) await book.addStoreLogs(logs)
  }
}
