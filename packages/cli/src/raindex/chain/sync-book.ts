import { FreshetError } from '@freshet/core'
import {
  backfillBook,
  createBookSync,
  createChainHeads,
  readHeadNumber,
  type BookSync,
} from '@freshet/raindex/client'
import { beginFromManifest } from '@freshet/raindex/client/sqlite'
import { badCall } from '../../parse-call.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { withProgress } from '../../progress.ts'
import { findFollowedTargets, type FollowedTarget } from './book-target.ts'
import { importFile } from './import-file.ts'
import { findBook, openDatabase, type OpenBook } from './open-book.ts'
import { createSyncProgress } from './sync-progress.ts'

/** Reads an order book from a node into a local database, up to the head. A second run goes on where the first was. */
export async function syncBook(call: RaindexCall): Promise<number> {
  const { options, io, words } = call
  if (words.length > 0)
    throw badCall('raindex sync takes options only, such as --rpc URL --orderbook ADDRESS --db FILE.')
  if (options.raindex.to !== undefined)
    throw badCall('raindex sync reads up to the newest block. Leave --to out.')
  const progress = createSyncProgress(io)
  const targets = await findFollowedTargets(call, progress.fault)
  const database = await openDatabase(call)
  try {
    const target = await findBook(call, database, targets)
    const { book, orderbook, pool, fromBlock, pace } = target
    await importFile(call, target)
    await beginFromDump(call, target)
    const { pollMs, ...windows } = pace
    const heads = createChainHeads({ pollMs, clock: io.clock })
    const startedAt = io.clock.now()
    const sync = createBookSync({
      ...{ pool, orderbook, ledger: book, fromBlock, heads, clock: io.clock, ...windows },
      onNotice: (notice) => progress.take(notice),
    })
    const before = await book.tip()
    if (before === undefined) await tellLateBeginning(call, target)
    const stopTelling = sync.status.subscribe(progress.look)
    sync.start()
    try {
      await untilLive(sync, io.interrupted())
    } finally {
      stopTelling()
      await sync.stop()
      progress.end()
    }
    await fillInOlder(call, target)
    const tip = await book.tip()
    const head = await readHeadNumber(pool, AbortSignal.timeout(10_000)).catch(() => undefined)
    const seconds = ((io.clock.now() - startedAt) / 1_000).toFixed(1)
    const [counted] = await database.query(
      'SELECT COUNT(*) AS events FROM raw_events WHERE chain_id = ? AND orderbook_address = ?',
      [pool.chainId, orderbook.address],
    )
    const summary = {
      block: tip?.number ?? null,
      head: head ?? null,
      events: Number(counted?.['events'] ?? 0),
    }
    if (options.json)
      io.out(JSON.stringify({ chainId: pool.chainId, orderbook: orderbook.address, ...summary }))
    else io.out(`${orderbook.address}  block ${summary.block ?? 'none'}  ${summary.events} events`)
    if (summary.events === 0)
      io.err(`Nothing of an order book has happened at ${orderbook.address}. Check the address.`)
    const since = before === undefined ? 'from the start' : `from block ${before.number}`
    io.err(`${io.interrupted().aborted ? 'Stopped' : 'Synced'} ${since} in ${seconds} s.`)
    return 0
  } finally {
    await database.close()
  }
}

/** Who begins too late lacks what vaults held, and would be told so by a quote that stops. */
async function tellLateBeginning(
  { io }: RaindexCall,
  { pool, orderbook, fromBlock = 0 }: OpenBook & FollowedTarget,
): Promise<void> {
  if (fromBlock === 0) return
  const call = { method: 'eth_getCode', params: [orderbook.address, `0x${(fromBlock - 1).toString(16)}`] }
  const signal = io.interrupted()
  // Many nodes have forgotten what was there so long ago.
  const isThere = await pool
    .ask([call], ([code]) => typeof code === 'string' && code !== '0x', { signal })
    .catch(() => false)
  if (isThere)
    io.err(
      `The order book was there before block ${fromBlock}: what happened until then is left out, and quotes may be wrong or stop for want of it. Sync again with --from and its first block to fill that in.`,
    )
}

/** Takes up the dump that the settings file's manifest lists. Without one everything is read from the nodes. */
async function beginFromDump(
  { io, options }: RaindexCall,
  { book, pool, dumps }: OpenBook & FollowedTarget,
): Promise<void> {
  if (dumps === undefined) return
  const { sha256 } = options.raindex
  const signal = io.interrupted()
  try {
    const begun = await withProgress(io, 'Taking up a dump', () =>
      beginFromManifest({ book, url: dumps, pool, sha256, signal }),
    )
    if (begun.kind === 'imported') io.err(`Began from a dump up to block ${begun.endBlock}.`)
  } catch (error) {
    if (!(error instanceof FreshetError) || signal.aborted) throw error
    // Whoever gives a checksum wants that dump and no other.
    if (sha256 !== undefined && error.code === 'raindex/checksum-mismatch') throw error
    io.err(`${error.message} Everything is read from the nodes instead.`)
  }
}

/** What came before the snapshot or the block that a book was begun from, where an earlier first block is given. */
async function fillInOlder(
  { io }: RaindexCall,
  { book, pool, fromBlock }: OpenBook & FollowedTarget,
): Promise<void> {
  const [begunBehind, firstRead] = [await book.completeFrom(), await book.firstRead()]
  const first = Math.max(begunBehind, firstRead)
  const signal = io.interrupted()
  if (fromBlock === undefined || first <= fromBlock || signal.aborted) return
  try {
    await withProgress(io, 'Filling in older events', (report) =>
      backfillBook({ pool, book, fromBlock, toBlock: first - 1, signal, onProgress: report }),
    )
  } catch (error) {
    // What was read stays; the next run goes on.
    if (signal.aborted) return
    throw error
  }
  // No snapshot holds what has come before.
  if (firstRead > fromBlock) await book.beginEarlier(fromBlock)
  io.err(`Filled in the events before block ${first}.`)
}

/** @throws what ends the sync for good. */
async function untilLive({ status }: BookSync, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    const { state, freshness } = status.get()
    if (state === 'live' || signal.aborted) resolve()
    if (state === 'halted') reject(freshness.lastError ?? new Error('The sync has halted.'))
  }
  const stop = status.subscribe(look)
  signal.addEventListener('abort', look, { once: true })
  look()
  try {
    await promise
  } finally {
    stop()
  }
}
