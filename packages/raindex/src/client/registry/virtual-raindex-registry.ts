import { createListeners, FreshetError, systemClock, type Clock, type Value } from '@freshet/core'
import type { Address, Bytes32 } from '../../engine/index.ts'
import type { LiveVirtualRaindex } from '../../live/index.ts'
import type { ChainCounts } from './open-chain-raindex.ts'
import { quoteBeside, type ComparedQuote, type QuotedPair, type QuoteSides } from '../quotes/index.ts'

/** Names an order book. */
export type RaindexId = { readonly chainId: number; readonly orderbook: Address }

/** A live order book as a registry holds it; see `chainRaindex` and `polledRaindex` for two ways to make one. */
export interface RegisteredRaindex extends QuoteSides {
  readonly live: LiveVirtualRaindex<Value>
  /** Resolves when the state is that of the newest block there is. */
  catchUp(signal?: AbortSignal): Promise<void>
  /** What it has cost since it was opened, where that is counted. */
  counts?(): ChainCounts
  close(): Promise<void>
}

export type RegistryOptions = {
  /** Called when a book is asked for that is not open. */
  readonly open: (id: RaindexId) => Promise<RegisteredRaindex>
  /** How long a book stays open that nobody holds. Default 60,000. */
  readonly idleMs?: number | undefined
  /** How many books stay open that nobody holds; the longest unheld goes first. Default 8. */
  readonly maxIdle?: number | undefined
  /** When a state is called stale: its block is this much older than now. Default 60,000. */
  readonly staleAfterMs?: number | undefined
  readonly clock?: Clock | undefined
}

/** What a registry has done, in books that are closed again too. Times are sums, in milliseconds. */
export type RegistryMetrics = ChainCounts & {
  readonly open: number
  readonly held: number
  /** Books that were opened, and requests that found one open. */
  readonly opened: number
  readonly reused: number
  /** Exclusive work that waits now, all that was done, and how long it has waited. */
  readonly queueLength: number
  readonly exclusive: number
  readonly waitMs: number
  readonly catchUps: number
  readonly syncMs: number
  /** Quotes that lacked code, and quotes that the chain answered differently. */
  readonly cacheMisses: number
  readonly divergences: number
}

/** What a reader may do: none of it waits for a sync. */
export type ReadableRaindex = Omit<LiveVirtualRaindex<Value>, 'syncOnce' | 'reset' | 'close'>

export type EnsuredQuote = ComparedQuote & {
  /** Of the state's block, in seconds; undefined while the state is empty. */
  readonly timestamp: number | undefined
  /** Events that were taken in for this quote. */
  readonly appliedEvents: number
  /** Whether the code of this order was there, and how many pieces orders of the book still wait for. */
  readonly cache: { readonly hit: boolean; readonly missing: number }
  /** How old the state is: the time since its block, in milliseconds. */
  readonly snapshotAge: number | undefined
  /** The block is older than `staleAfterMs`. */
  readonly stale: boolean
  /** Both sides gave an answer that can be compared. */
  readonly comparable: boolean
}

/** Somebody's hold on an open order book. */
export interface RaindexHandle {
  readonly id: RaindexId
  readonly live: ReadableRaindex
  catchUp(signal?: AbortSignal): Promise<void>
  /** Runs work that may sync and reset, one at a time; readers go on meanwhile. */
  exclusive<T>(work: (live: LiveVirtualRaindex<Value>) => Promise<T>): Promise<T>
  order(hash: Bytes32): RaindexOrder
  /** Lets go. Twice is once. */
  release(): void
  [Symbol.dispose](): void
}

/** One order of an open order book. */
export type RaindexOrder = {
  readonly hash: Bytes32
  /**
   * Catches up, then quotes here and on the chain at the same block.
   *
   * Pair 0/0 by default, and the zero address as the counterparty.
   */
  ensureVirtualSyncAndQuote(
    options?: Partial<Omit<QuotedPair, 'order'>> & { readonly signal?: AbortSignal | undefined },
  ): Promise<EnsuredQuote>
}

/** Keeps one live instance for each order book, for all who ask for it. */
export interface VirtualRaindexRegistry {
  /**
   * Opens an order book, or finds it open. Requests at once share one opening.
   *
   * @throws what opening it throws; the next request tries again.
   * @throws {FreshetError} `raindex/registry-closed`
   */
  acquire(id: RaindexId): Promise<RaindexHandle>
  readonly metrics: RegistryMetrics
  /** Told of quotes that the chain answered differently. @returns a function that ends it. */
  onDivergence(
    listener: (found: { readonly id: RaindexId; readonly quote: EnsuredQuote }) => void,
  ): () => void
  /** Closes all books. */
  close(): Promise<void>
}

type Entry = {
  readonly id: RaindexId
  readonly opening: Promise<RegisteredRaindex>
  holders: number
  idleSinceUnixMs: number
  cancelEviction: (() => void) | undefined
  /** The end of the exclusive work that was asked for last. */
  tail: Promise<unknown>
}

const zeroAddress: Address = `0x${'0'.repeat(40)}`

/** Makes a registry. Any way to open a live order book will do: a script, a database, a chain. */
export function createVirtualRaindexRegistry(options: RegistryOptions): VirtualRaindexRegistry {
  const { idleMs = 60_000, maxIdle = 8, staleAfterMs = 60_000, clock = systemClock } = options
  const entries = new Map<string, Entry>()
  const closing = new Set<Promise<void>>()
  const divergence = createListeners<{ readonly id: RaindexId; readonly quote: EnsuredQuote }>(
    () => undefined,
  )
  const counts = {
    opened: 0,
    reused: 0,
    queueLength: 0,
    exclusive: 0,
    waitMs: 0,
    catchUps: 0,
    syncMs: 0,
    cacheMisses: 0,
    divergences: 0,
  }
  /** Until they are closed: what they have cost is theirs to say. */
  const running = new Set<RegisteredRaindex>()
  let ofClosed: ChainCounts | undefined
  let isClosed = false

  const closeOf = async (raindex: RegisteredRaindex): Promise<void> => {
    await raindex.close()
    ofClosed = sumOf([ofClosed, raindex.counts?.()])
    running.delete(raindex)
  }
  const evict = (entry: Entry): void => {
    entry.cancelEviction?.()
    entries.delete(keyOf(entry.id))
    const work = entry.tail.then(async () => closeOf(await entry.opening)).catch(() => undefined)
    closing.add(work)
    void work.then(() => closing.delete(work))
  }
  const evictSurplus = (): void => {
    const idle = [...entries.values()].filter(({ holders }) => holders === 0)
    idle.sort((a, b) => a.idleSinceUnixMs - b.idleSinceUnixMs)
    for (const entry of idle.slice(0, Math.max(0, idle.length - maxIdle))) evict(entry)
  }
  const letGo = (entry: Entry): void => {
    entry.holders--
    if (entry.holders > 0 || entries.get(keyOf(entry.id)) !== entry) return
    entry.idleSinceUnixMs = clock.now()
    entry.cancelEviction = clock.schedule(() => evict(entry), idleMs)
    evictSurplus()
  }
  const open = (id: RaindexId): Entry => {
    counts.opened++
    // A book that is still being closed has its files to itself.
    const opening = Promise.all(closing).then(async () => {
      const raindex = await options.open(id)
      running.add(raindex)
      return raindex
    })
    const entry: Entry = {
      id,
      opening,
      holders: 0,
      idleSinceUnixMs: 0,
      cancelEviction: undefined,
      tail: opening.catch(() => undefined),
    }
    entries.set(keyOf(id), entry)
    opening.catch(() => {
      if (entries.get(keyOf(id)) === entry) entries.delete(keyOf(id))
    })
    return entry
  }

  const exclusive = async <T>(entry: Entry, work: () => Promise<T>): Promise<T> => {
    const askedAt = clock.now()
    counts.queueLength++
    const turn = entry.tail.then(() => {
      counts.queueLength--
      counts.exclusive++
      counts.waitMs += clock.now() - askedAt
      return work()
    })
    entry.tail = turn.catch(() => undefined)
    return turn
  }
  const catchUp = async (raindex: RegisteredRaindex, signal: AbortSignal | undefined): Promise<void> => {
    const startedAt = clock.now()
    await raindex.catchUp(signal)
    counts.catchUps++
    counts.syncMs += clock.now() - startedAt
  }
  const ensureQuote = async (
    id: RaindexId,
    raindex: RegisteredRaindex,
    pair: QuotedPair,
    signal: AbortSignal,
  ): Promise<EnsuredQuote> => {
    const { live } = raindex
    const before = live.appliedEvents
    await catchUp(raindex, signal)
    const compared = await quoteBeside(raindex, pair, signal)
    const { block, verdict } = compared
    const snapshotAge = block && Math.max(0, clock.now() - block.timestamp * 1000)
    const quote: EnsuredQuote = {
      ...compared,
      timestamp: block?.timestamp,
      // Of a shared book the state may have become another, which has counted anew.
      appliedEvents: raindex.live.appliedEvents - (raindex.live === live ? before : 0),
      cache: { hit: !lacksCode(compared), missing: raindex.live.status.pending.artifacts.length },
      snapshotAge,
      stale: snapshotAge === undefined || snapshotAge > staleAfterMs,
      comparable: verdict !== undefined && verdict.kind !== 'unanswered' && verdict.kind !== 'not-comparable',
    }
    if (!quote.cache.hit) counts.cacheMisses++
    if (verdict?.kind === 'drift' || verdict?.kind === 'disagree') {
      counts.divergences++
      divergence.emit({ id, quote })
    }
    return quote
  }

  const hold = (entry: Entry, raindex: RegisteredRaindex): RaindexHandle => {
    let isHeld = true
    const release = (): void => {
      if (isHeld) letGo(entry)
      isHeld = false
    }
    return {
      id: entry.id,
      get live() {
        return raindex.live
      },
      catchUp: (signal) => catchUp(raindex, signal),
      exclusive: (work) => exclusive(entry, () => work(raindex.live)),
      order: (hash) => ({
        hash,
        ensureVirtualSyncAndQuote({ signal = new AbortController().signal, ...asked } = {}) {
          const first = { inputIOIndex: 0, outputIOIndex: 0, counterparty: zeroAddress }
          return ensureQuote(entry.id, raindex, { ...first, ...asked, order: hash }, signal)
        },
      }),
      release,
      [Symbol.dispose]: release,
    }
  }

  return {
    async acquire(id) {
      if (isClosed) throw registryClosed()
      const known = entries.get(keyOf(id))
      if (known !== undefined) counts.reused++
      const entry = known ?? open(id)
      entry.cancelEviction?.()
      entry.holders++
      try {
        return hold(entry, await entry.opening)
      } catch (error) {
        letGo(entry)
        throw error
      }
    },
    get metrics() {
      const held = [...entries.values()].filter(({ holders }) => holders > 0).length
      const ofRunning = [...running].map((raindex) => raindex.counts?.())
      return { open: entries.size, held, ...counts, ...sumOf([ofClosed, ...ofRunning]) }
    },
    onDivergence: divergence.add,
    async close() {
      isClosed = true
      for (const entry of [...entries.values()]) evict(entry)
      await Promise.all(closing)
    },
  }
}

function lacksCode({ virtual }: ComparedQuote): boolean {
  return virtual.kind === 'not-comparable' && virtual.reason.kind === 'MissingBytecode'
}

function sumOf(counted: readonly (ChainCounts | undefined)[]): ChainCounts {
  const sum = (name: keyof ChainCounts): number =>
    counted.reduce((total, counts) => total + (counts?.[name] ?? 0), 0)
  return { bytecodeFetches: sum('bytecodeFetches'), snapshotLoads: sum('snapshotLoads') }
}

function keyOf({ chainId, orderbook }: RaindexId): string {
  return `${chainId}/${orderbook}`
}

function registryClosed(): FreshetError {
  const message = 'The registry is closed. Make a new one.'
  return new FreshetError({ code: 'raindex/registry-closed', kind: 'usage', message })
}
