import { createListeners, systemClock, type Clock, type FreshetError, type Status } from '@freshet/core'
import {
  createStaticCodeCache,
  type Interpreter,
  type SnapshotBundle,
  type StaticCodeCache,
} from '../../engine/index.ts'
import { openLiveVirtualRaindex, type LiveVirtualRaindex, type SyncEngine } from '../../live/index.ts'
import {
  createBookSync,
  createChainHeads,
  createCodeFetcher,
  type ChainHeads,
  type ChainNotice,
  type ChainSourceOptions,
} from '../chain/index.ts'
import { readHeadNumber } from '../chain/read-head-number.ts'
import { createLocalDbSyncEngine, type LocalDatabase, type LocalDbCursor } from '../database/index.ts'
import { stateRebuilt } from './state-rebuilt.ts'
import { createBookSnapshots, type BookSnapshotsOptions } from './book-snapshots.ts'

export type ChainRaindexOptions = BookSnapshotsOptions &
  Pick<
    ChainSourceOptions,
    | 'pool'
    | 'orderbook'
    | 'fromBlock'
    | 'finalityDepth'
    | 'firstWindowBlocks'
    | 'maxWindowBlocks'
    | 'windowsAhead'
  > & {
    readonly chainId: number
    /** Where events, code and snapshots are kept. Not closed with this. */
    readonly database: LocalDatabase
    /** Makes what runs programs; see `createEvmInterpreter`. */
    readonly interpreter: (cache: StaticCodeCache) => Interpreter
    readonly heads?: ChainHeads | undefined
    readonly clock?: Clock | undefined
    readonly onNotice?: ((notice: ChainNotice) => void) | undefined
    /** Puts something between the database and the state, such as one that tells others what is polled. */
    readonly through?: ((engine: SyncEngine<LocalDbCursor>) => SyncEngine<LocalDbCursor>) | undefined
  }

/** How far a replica is behind its chain, and why. Everything a freshness line needs. */
export type ChainFreshness = {
  /** The block that the state is of; undefined while it is empty. */
  readonly block: number | undefined
  /** Its time, in seconds. */
  readonly timestamp: number | undefined
  /** The chain's head as it was last seen. */
  readonly headBlock: number | undefined
  readonly headTimestamp: number | undefined
  /**
   * What the sync with the chain is doing. It is `degraded`, `raindex/deep-reorg` or `raindex/more-words`, while the
   * state is being built again because it had to go back further than could be undone.
   */
  readonly chain: Status
  /** Events of the database are still to be taken in. */
  readonly isReading: boolean
}

/** What opening and following an order book has cost so far. */
export type ChainCounts = {
  /** Pieces of code read from the chain, those that were kept left out. */
  readonly bytecodeFetches: number
  /** Snapshots that were taken up instead of all events. */
  readonly snapshotLoads: number
}

/** An order book that keeps itself true to its chain. */
export interface ChainRaindex {
  readonly live: LiveVirtualRaindex<LocalDbCursor>
  readonly code: StaticCodeCache
  readonly freshness: ChainFreshness
  readonly counts: ChainCounts
  /** Called when the freshness may have changed. @returns a function that ends it. */
  subscribe(listener: () => void): () => void
  /**
   * Asks the chain for its head, and resolves when the state is of that block or a later one, and nothing waits for
   * code.
   *
   * @throws {RpcFault} when no node tells the head; the state stays as it is.
   * @throws what ends the sync with the chain for good, or what `signal` is aborted with.
   */
  caughtUp(signal?: AbortSignal): Promise<void>
  /** Stops, and resolves when everything is on the disk. */
  close(): Promise<void>
}

/**
 * Keeps one order book: a sync writes its chain into the database, and what the database has is taken into the state as
 * it comes. What the database knows already can be quoted before the first byte from the network.
 *
 * @throws what opening a state throws; see `openLiveVirtualRaindex`.
 */
export async function openChainRaindex(options: ChainRaindexOptions): Promise<ChainRaindex> {
  const { chainId, orderbook, pool, database, fromBlock = 0, finalityDepth } = options
  const { firstWindowBlocks, maxWindowBlocks, windowsAhead } = options
  const { clock = systemClock, onNotice } = options
  const heads = options.heads ?? createChainHeads({ clock })
  const book = database.book({ chainId, orderbook })
  const fetcher = createCodeFetcher({ pool, shelf: book, clock })
  const code = createStaticCodeCache()
  const snapshots = createBookSnapshots(book, options)
  const engine = createLocalDbSyncEngine({ book, code: fetcher })
  // Without the snapshot that a book began from, its events make no state: all is read from the chain.
  const isStateLost = async (): Promise<boolean> => (await book.completeFrom()) > fromBlock
  if ((await isStateLost()) && (await book.snapshot(Number.MAX_SAFE_INTEGER)) === undefined)
    await book.rewind(-1)
  const live = await openLiveVirtualRaindex<LocalDbCursor>({
    chainId,
    orderbook,
    syncEngine: options.through?.(engine) ?? engine,
    codeCache: code,
    host: options.interpreter(code),
    snapshots,
    beginAgain,
    clock,
  })
  // The events of orders that came with a snapshot may not be in the database, which else knows what code they need.
  fetcher.want(live.status.pending.artifacts)
  const listeners = createListeners<void>(() => undefined)
  let head: { readonly block: number; readonly timestamp: number | undefined } | undefined
  /** Why the state is behind what it was; undefined once it is at the head again. */
  let rebuilding: FreshetError | undefined
  /** Where to the last fork went that the sync has called deep. */
  let toldDeepTo: number | undefined
  let isReading = false
  let isWanted = false
  let isClosed = false
  let reading: Promise<void> = Promise.resolve()

  async function beginAgain(atOrBefore: number): Promise<SnapshotBundle | undefined> {
    const { block: tipBlock, hash } = live.cursor ?? { block: -1 }
    const [known] = await book.blocks(tipBlock, 1)
    const isFork = known?.hash !== hash
    const bundle = await snapshots.loadBefore(atOrBefore)
    if (bundle === undefined && (await isStateLost())) {
      // Not while the sync writes what follows.
      await sync.stop()
      await book.rewind(-1)
      if (!isClosed) sync.start()
    }
    rebuilding = stateRebuilt(atOrBefore, isFork ? 'fork' : 'words', bundle)
    if (isFork && toldDeepTo !== atOrBefore) {
      onNotice?.({ kind: 'deep-reorg', tipBlock, ancestorBlock: atOrBefore, depth: tipBlock - atOrBefore })
    }
    return bundle
  }
  const readAll = async (): Promise<void> => {
    while (isWanted && !isClosed) {
      isWanted = false
      const before = live.cursor
      try {
        const { pending } = await live.syncOnce()
        // Of orders that came with a snapshot, as above.
        fetcher.want(pending.artifacts)
      } catch {
        // Its status says so; the next news is the next attempt.
        continue
      }
      isWanted ||= live.cursor?.block !== before?.block
      listeners.emit()
    }
    isReading = false
    if (head !== undefined && (live.cursor?.block ?? -1) >= head.block) rebuilding = undefined
    listeners.emit()
  }
  const read = (): void => {
    isWanted = true
    if (isReading || isClosed) return
    isReading = true
    reading = readAll()
  }
  const sync = createBookSync({
    pool,
    orderbook,
    ledger: book,
    fromBlock,
    finalityDepth,
    firstWindowBlocks,
    maxWindowBlocks,
    windowsAhead,
    heads,
    clock,
    onNotice(notice) {
      if (notice.kind === 'head') head = { block: notice.headBlock, timestamp: notice.timestamp }
      if (notice.kind === 'window') head = { block: notice.headBlock, timestamp: head?.timestamp }
      if (notice.kind === 'deep-reorg') toldDeepTo = notice.ancestorBlock
      onNotice?.(notice)
      read()
      listeners.emit()
    },
  })
  const stops = [fetcher.subscribe(read), sync.status.subscribe(() => listeners.emit())]
  const chainStatus = (): Status => {
    const status = sync.status.get()
    if (rebuilding === undefined) return status
    return { ...status, state: status.state === 'live' ? 'catching-up' : status.state, degraded: rebuilding }
  }
  const freshness = (): ChainFreshness => ({
    block: live.cursor?.block,
    timestamp: live.cursor && live.state.env.timestamp,
    headBlock: head?.block,
    headTimestamp: head?.timestamp,
    chain: chainStatus(),
    isReading,
  })
  read()
  sync.start()
  return {
    live,
    code,
    get freshness() {
      return freshness()
    },
    get counts() {
      return { bytecodeFetches: fetcher.fetched, snapshotLoads: snapshots.loaded }
    },
    subscribe: (listener) => listeners.add(listener),
    async caughtUp(signal = new AbortController().signal) {
      const goal = await readHeadNumber(pool, signal)
      heads.nudge()
      await untilCaughtUp(goal, freshness, live, (check) => listeners.add(check), signal)
    },
    async close() {
      isClosed = true
      for (const stop of stops) stop()
      await sync.stop()
      if (options.heads === undefined) heads.close()
      await fetcher.close()
      await reading
      await live.close()
    },
  }
}

async function untilCaughtUp(
  goal: number,
  freshness: () => ChainFreshness,
  live: LiveVirtualRaindex<LocalDbCursor>,
  onChange: (listener: () => void) => () => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const { chain, block = -1, isReading } = freshness()
    if (chain.state === 'halted') throw chain.freshness.lastError ?? new Error('The sync has halted.')
    if (live.status.phase === 'Errored') await live.syncOnce()
    const isReady = live.status.pending.artifacts.length === 0
    if (isReady && !isReading && block >= goal) return
    await nextChange(onChange, signal)
  }
}

function nextChange(onChange: (listener: () => void) => () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const stop = onChange(end)
    signal.addEventListener('abort', end)
  })
}
