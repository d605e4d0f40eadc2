import { FreshetError } from '@freshet/core'
import { readSnapshot, type ChainLog, type Orderbook } from '../../engine/index.ts'
import { bookChanges } from '../chain/book-changes.ts'
import type { LocalBook } from '../database/local-database.ts'
import { eventsByBlock } from './history-from-logs.ts'
import type { HistoryBlock, ReplayHistory } from './replay-history.ts'

export type LocalBookHistoryOptions = {
  readonly wallet?: ReplayHistory['wallet']
  /** Logs read at once. Default 5,000. */
  readonly pageSize?: number | undefined
}

/**
 * The history that a local database has kept, up to where it is now. Of a book that was begun from a snapshot, and not
 * filled in since, it begins with that snapshot; `since` says so.
 *
 * It is read page by page while a replay is opened.
 *
 * @throws {FreshetError} `replay/no-logs`: nothing is kept of the book. Sync it first. `replay/incomplete-stores`:
 * logs of stores are missing, as in a download without them. Sync with a node first. `replay/no-beginning`: the events
 * make no state, because the snapshot that they follow is gone. Fill in the older ones, see `backfillBook`.
 * @throws from `blocks`, {FreshetError} `replay/history-moved` (retryable): the chain was reorganised meanwhile.
 * Begin again. {RaindexError} as `replayLogs`.
 */
export async function historyFromLocalBook(
  book: LocalBook,
  { wallet, pageSize = 5_000 }: LocalBookHistoryOptions = {},
): Promise<ReplayHistory> {
  const { chainId, orderbook } = book.id
  const [incomplete, tokens, rewinds] = [
    await book.incompleteStores(),
    await book.tokens(),
    await book.rewindsSince(0),
  ]
  if (incomplete.length > 0) {
    const message = `Logs of ${incomplete.length} stores are missing, such as ${incomplete[0]}. Sync the book with a node first.`
    throw refused('incomplete-stores', message)
  }
  const tip = await book.tip()
  const timestamp = tip === undefined ? undefined : await book.timestampOf(tip.number)
  if (tip === undefined || timestamp === undefined)
    throw refused('no-logs', `Nothing is kept of the order book ${orderbook.address}. Sync it first.`)
  const beginning = await beginningOf(book)
  const stores = new Set((await book.stores()).keys())
  const decimals = new Map(tokens.map((token) => [token.address, token.decimals]))

  const blocks = async function* (): AsyncGenerator<HistoryBlock> {
    if (beginning !== undefined) yield beginning
    let after = beginning?.number ?? -1
    while (after < tip.number) {
      const { logs, upTo } = await book.read(after, pageSize)
      // What has come since is another history's.
      const own = logs.filter(({ blockNumber }) => blockNumber <= tip.number)
      const changes = bookChanges({
        orderbook,
        logs: own,
        knownStores: stores,
        history: new Map(),
        decimalsOf: (token) => decimals.get(token),
      })
      const { last } = await book.rewindsSince(0)
      if (last !== rewinds.last) throw moved()
      const events = eventsByBlock(own, orderbook, stores)
      for (const { blockNumber, mutations } of changes) {
        const timestamp = await timeOf(book, orderbook, events.get(blockNumber)?.log, blockNumber)
        yield { number: blockNumber, timestamp, mutations, events: events.get(blockNumber)?.events ?? [] }
      }
      after = upTo.number
    }
  }
  return {
    orderbook,
    chainId,
    head: { number: tip.number, timestamp },
    since: beginning && { number: beginning.number, timestamp: beginning.timestamp },
    tokens: tokens.flatMap(({ address, decimals: count }) =>
      count === 'none' ? [] : [{ token: address, decimals: count }],
    ),
    wallet,
    blocks,
  }
}

/** The state from which the events make all later ones; undefined where that is nothing. */
async function beginningOf(book: LocalBook): Promise<HistoryBlock | undefined> {
  const { chainId, orderbook } = book.id
  const number = (await book.completeFrom()) - 1
  if (number < 0) return undefined
  const stored = await book.snapshot(number)
  if (stored?.block.number !== number) throw noBeginning(number)
  const { mutations, pending } = readSnapshot(stored.bundle, { chainId, orderbook: orderbook.address })
  // A replay waits for no code.
  const waiting = pending.flatMap((envelope) => envelope.mutations)
  return { number, timestamp: stored.timestamp, mutations: [...mutations, ...waiting], events: [] }
}

function noBeginning(block: number): FreshetError {
  const message = `What happened up to block ${block} is not kept, and the state it led to is gone. Fill it in with freshet raindex sync --from BLOCK, the block in which the order book was made.`
  return refused('no-beginning', message)
}

async function timeOf(
  book: LocalBook,
  { address }: Orderbook,
  log: ChainLog | undefined,
  blockNumber: number,
): Promise<number> {
  const timestamp = log?.blockTimestamp ?? (await book.timestampOf(blockNumber))
  if (timestamp !== undefined) return timestamp
  throw refused(
    'no-timestamp',
    `The time of block ${blockNumber} of ${address} is not kept. Sync the book again.`,
  )
}

function moved(): FreshetError {
  return new FreshetError({
    code: 'replay/history-moved',
    kind: 'remote',
    retryable: true,
    message: 'The chain was reorganised while its history was read. Begin again.',
  })
}

function refused(name: string, message: string): FreshetError {
  return new FreshetError({ code: `replay/${name}`, kind: 'usage', message })
}
