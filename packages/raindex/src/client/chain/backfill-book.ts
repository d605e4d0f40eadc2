import { FreshetError } from '@freshet/core'
import type { Address } from '../../engine/index.ts'
import type { AsOf } from '../database/book-tables.ts'
import type { LocalBook } from '../database/local-database.ts'
import { bookFilter, storeFilter } from './book-filter.ts'
import { allChainRules } from './chain-rules.ts'
import { defaultFinalityDepth } from './chain-source.ts'
import { fetchWindows, type FetchedWindow } from './fetch-windows.ts'
import type { BlockId, Token } from './ledger.ts'
import { packLogs } from './log-page.ts'
import { readHeadNumber } from './read-head-number.ts'
import { chainMoved, type LogFilter } from './read-logs.ts'
import { readTip } from './read-tip.ts'
import { readToken } from './read-token.ts'
import type { RpcPool } from './rpc-pool.ts'
import { scanLogs } from './scan-logs.ts'
import { fetchHeaders } from './timestamps.ts'
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
  /** Blocks behind the head that a node may still lack logs of: each of them is looked at closely. Default 64. */
  readonly finalityDepth?: number | undefined
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
 * @throws {RaindexClientError} `ChainMoved`: a fork has undone some of these blocks. Begin again.
 */
export async function backfillBook(options: BackfillOptions): Promise<void> {
  const { book, fromBlock } = options
  const { last: rewinds } = await book.rewindsSince(0)
  const upTo = options.toBlock ?? (await book.completeFrom()) - 1
  if (upTo < fromBlock) return
  const older: AsOf = { rewinds, upTo }
  const stores = await addEvents(options, older)
  const { block } = (await book.snapshot(upTo)) ?? {}
  if (block?.number === upTo) await assertSameChain(options, block)
  await untilItFits(
    async () => book.finishOlder(older, await addStoreLogs(options, stores)),
    // Blocks behind the older ones have moved: only these logs are read again.
    () => book.addOlder([], new Map(), [], older),
  )
}

const mostAttempts = 5

/** The events of the book. @returns the stores they name. */
async function addEvents(options: BackfillOptions, older: AsOf): Promise<ReadonlySet<Address>> {
  const { pool, book, fromBlock, onProgress, signal = new AbortController().signal } = options
  const { orderbook } = book.id
  const known = new Set((await book.tokens()).map(({ address }) => address))
  const stores = new Set<Address>()
  const total = older.upTo + 1 - fromBlock
  const filter = bookFilter(orderbook.address, [])
  for await (const { logs, to, scan } of readOld(options, older.upTo, filter)) {
    const fresh = [...scan.tokens].filter((token) => !known.has(token))
    const tokens: readonly Token[] = await Promise.all(fresh.map((token) => readToken(pool, token, signal)))
    for (const token of fresh) known.add(token)
    for (const store of scan.stores.keys()) stores.add(store)
    await book.addOlder(logs, scan.stores, tokens, older)
    onProgress?.(to + 1 - fromBlock, total)
  }
  return stores
}

/** Reads what is final window by window, and what is not with each header, whose bloom tells of logs that are left out. */
async function* readOld(
  options: BackfillOptions,
  to: number,
  filter: LogFilter,
): AsyncGenerator<Pick<FetchedWindow, 'to' | 'logs' | 'scan'>, void, undefined> {
  const { pool, book, fromBlock: from, finalityDepth = defaultFinalityDepth } = options
  const { firstWindowBlocks = 1_000, maxWindowBlocks = 10_000 } = options
  const { signal = new AbortController().signal } = options
  const size = createWindowSize({ initial: firstWindowBlocks, most: maxWindowBlocks, targetLogs: 2_000 })
  const context = { pool, orderbook: book.id.orderbook, size, signal }
  const finalTo = Math.min(to, (await readHeadNumber(pool, signal)) - finalityDepth)
  const windows = { ...context, ahead: 4, blocksBehind: Math.floor(finalityDepth / 2) }
  if (finalTo >= from) yield* fetchWindows(windows, { from, to: finalTo }, () => filter)
  if (finalTo >= to) return
  const [header] = await fetchHeaders(pool, [to], signal)
  if (header === undefined) throw chainMoved(to)
  const looks = { refused: 0, hashesRefused: 0, hasRead: true }
  const tip = { ...context, rules: allChainRules, looks, notify: () => undefined }
  const { logs } = await untilItFits(() =>
    readTip(tip, Math.max(from, finalTo + 1), header, undefined, filter),
  )
  yield { to, logs: packLogs(logs), scan: scanLogs(logs, book.id.orderbook.address) }
}

/** Reads again what did not fit together, some times. */
async function untilItFits<T>(
  read: () => Promise<T>,
  prepare: () => Promise<void> = async () => undefined,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await read()
    } catch (error) {
      if (!hasMoved(error) || attempts === mostAttempts) throw error
      await prepare()
    }
  }
}

/** What was read up to a block may be of a fork that the book has not taken in yet. */
async function assertSameChain(
  { pool, signal = new AbortController().signal }: BackfillOptions,
  { number, hash }: BlockId,
): Promise<void> {
  const [header] = await fetchHeaders(pool, [number], signal)
  if (header?.hash !== hash) throw chainMoved(number)
}

/**
 * The words of these stores from the first block to the newest: some are of orders that were gone before.
 *
 * @returns up to where they are there.
 */
async function addStoreLogs(options: BackfillOptions, stores: ReadonlySet<Address>): Promise<AsOf> {
  const { book, fromBlock } = options
  const { last: rewinds } = await book.rewindsSince(0)
  const tip = await book.tip()
  const asOf = { rewinds, upTo: tip?.number ?? -1 }
  if (stores.size === 0 || tip === undefined || tip.number < fromBlock) return asOf
  const filter = storeFilter(stores)
  for await (const { logs } of readOld(options, asOf.upTo, filter)) {
    if (logs.length === 0) continue
    await assertSameChain(options, tip)
    await book.addStoreLogs(logs, asOf)
  }
  return asOf
}

/** A database on another thread says the same without the class. */
function hasMoved(error: unknown): boolean {
  return error instanceof FreshetError && error.code === 'raindex/chain-moved'
}
