import { createListeners, type Clock, type Collection, type Log, type Store, type Value } from '@freshet/core'
import {
  quoteOrder,
  RaindexError,
  readSnapshot,
  replicaState,
  simulateTakeOrders,
  takeSnapshot,
  type Address,
  type ArtifactId,
  type EvaluationHost,
  type Interpreter,
  type Orderbook,
  type QuoteOutcome,
  type QuoteRequest,
  type SnapshotBundle,
  type StaticCodeCache,
  type TakeOrdersConfig,
  type TakeOutcome,
  type Wallet,
} from '../engine/index.ts'
import { noopMetrics, type CursorStore, type MetricsSink, type SnapshotStore } from './adapters.ts'
import { openLiveBook, type Applied, type LiveBook } from './live-book.ts'
import type { LiveStatus } from './live-status.ts'
import type { PollResult, SyncEngine } from './sync-engine.ts'

export type LiveOptions<C extends Value> = {
  readonly chainId: number
  readonly orderbook: Orderbook
  readonly syncEngine: SyncEngine<C>
  readonly codeCache: StaticCodeCache
  /** Runs the orders' programs. */
  readonly host: Interpreter
  /** Durable copy, opened with `storeTables(raindexTables)`. State, cursor and queue go there in one transaction. */
  readonly store?: Store | undefined
  /** Snapshots of the host's own: read when there is no state yet, written after polls that changed it. */
  readonly snapshots?: SnapshotStore | undefined
  /** A hint where to begin when there is no state yet. */
  readonly cursors?: CursorStore<C> | undefined
  /** Used, and saved, when there is no state yet. */
  readonly initialSnapshot?: SnapshotBundle | undefined
  readonly metrics?: MetricsSink | undefined
  readonly isContract?: ((address: Address) => boolean) | undefined
  readonly wallet?: ((owner: Address, token: Address) => Wallet | undefined) | undefined
  readonly clock?: Clock | undefined
  readonly log?: Log | undefined
}

/** An order book's state, kept up to date by polls and read at any time. */
export interface LiveVirtualRaindex<C extends Value> {
  readonly status: LiveStatus
  /** Called with each new status. @returns a function that ends it. */
  subscribe(listener: (status: LiveStatus) => void): () => void
  readonly cursor: C | undefined
  readonly orders: Collection
  readonly vaults: Collection
  /**
   * Makes one poll and applies it whole. Calls at once share one poll.
   *
   * @throws what the engine or a store throws: nothing is lost, the status is `stale`, poll again.
   * @throws {RaindexError} for code or changes that are refused: nothing of the poll was applied, the phase is
   * `Errored`, and `LiveErrored` is thrown until `reset`.
   */
  syncOnce(): Promise<LiveStatus>
  /** Leaves `Errored`. After a fork that could not be undone, the state is emptied and read again. */
  reset(): void
  snapshot(): SnapshotBundle
  quote(request: QuoteRequest): Promise<QuoteOutcome>
  takeOrders(config: TakeOrdersConfig): Promise<TakeOutcome>
  /** Resolves when everything is on the disk. */
  close(): Promise<void>
}

const idle: LiveStatus = { phase: 'Idle', pending: { artifacts: [] }, advisories: ['Ready'], stale: false }

/**
 * Opens a live order book: from its store, else from a snapshot, else empty.
 *
 * Code that a restored state needs may come later: its orders are there at once and wait to be quoted.
 *
 * @throws {RaindexError} `SnapshotRefused`: the snapshot is damaged or of another order book.
 * @throws what a store throws.
 */
export async function openLiveVirtualRaindex<C extends Value>(
  options: LiveOptions<C>,
): Promise<LiveVirtualRaindex<C>> {
  const { chainId, orderbook, syncEngine, codeCache, host, metrics = noopMetrics } = options
  const book = await openLiveBook<C>(options)
  if (book.isNew) await fillNew(book, options)
  const evaluation: EvaluationHost = { orderbook, interpreter: host, isContract: options.isContract }
  const state = replicaState(book.replica, { wallet: options.wallet })
  const listeners = createListeners<LiveStatus>(() => undefined)
  let status: LiveStatus = withPending(idle, book.missing())
  let running: Promise<LiveStatus> | undefined
  let unsaved = false

  const show = (next: LiveStatus): LiveStatus => {
    status = next
    listeners.emit(next)
    return next
  }
  const snapshot = (): SnapshotBundle => snapshotOf(book, chainId, orderbook.address)
  const save = async (): Promise<void> => {
    await book.replica.flushed()
    if (unsaved) await options.snapshots?.persistSnapshot(snapshot())
    unsaved = false
    if (book.cursor !== undefined) await options.cursors?.persistCursor(orderbook.address, book.cursor)
  }
  const poll = async (): Promise<LiveStatus> => {
    const result = await orStale(() => syncEngine.poll(orderbook.address, book.cursor))
    const applied = orErrored(() => {
      codeCache.ingest(result.bytecode)
      return book.applyPoll(result)
    })
    unsaved ||= applied.changed
    await orStale(save)
    const next = statusAfter(result, applied, book.missing(), codeCache)
    quietly(() => {
      metrics.recordProgress({
        appliedBatches: applied.batches,
        mutationCount: applied.mutations,
        cachedArtifacts: result.bytecode.length,
        deferredMutations: book.queue.size,
      })
    })
    quietly(() => metrics.recordStatus(next))
    return show(next)
  }
  const orStale = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      show({ ...status, stale: true })
      throw error
    }
  }
  const orErrored = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const { artifacts } = status.pending
      show({ phase: 'Errored', pending: { artifacts }, advisories: [{ Degraded: { reason } }], stale: true })
      throw error
    }
  }

  return {
    get status() {
      return status
    },
    subscribe: (listener) => listeners.add(listener),
    get cursor() {
      return book.cursor
    },
    orders: book.replica.collection('orders'),
    vaults: book.replica.collection('vaults'),
    syncOnce() {
      if (status.phase === 'Errored') return Promise.reject(stopped(status))
      running ??= poll().finally(() => {
        running = undefined
      })
      return running
    },
    reset() {
      book.rebuildIfBroken()
      show(withPending(idle, book.missing()))
    },
    snapshot,
    quote: (request) => quoteOrder(evaluation, state, request),
    takeOrders: (config) => simulateTakeOrders(evaluation, state, config),
    close: () => book.replica.close(),
  }
}

/** Begins from a snapshot or a hint; without one an empty snapshot is saved, so that the host sees the book. */
async function fillNew<C extends Value>(book: LiveBook<C>, options: LiveOptions<C>): Promise<void> {
  const { chainId, orderbook, snapshots, cursors, initialSnapshot } = options
  const { address } = orderbook
  if (initialSnapshot !== undefined) await snapshots?.persistSnapshot(initialSnapshot)
  const bundle = initialSnapshot ?? (await snapshots?.loadSnapshot(address))
  if (bundle === undefined) {
    await snapshots?.persistSnapshot(snapshotOf(book, chainId, address))
    return
  }
  const restored = readSnapshot(bundle, { chainId, orderbook: address })
  const hint = restored.cursor === null ? await cursors?.loadCursor(address) : undefined
  // The cursor was given by the engine that gets it back.
  const cursor = restored.cursor === null ? hint : (JSON.parse(restored.cursor) as C)
  book.restore(restored, cursor)
  await book.replica.flushed()
}

function snapshotOf<C extends Value>(book: LiveBook<C>, chainId: number, orderbook: Address): SnapshotBundle {
  const cursor = book.cursor === undefined ? undefined : JSON.stringify(book.cursor)
  return takeSnapshot(book.replica, { chainId, orderbook, cursor, pending: book.queue.toJson() })
}

function statusAfter<C extends Value>(
  { bytecode, pendingArtifacts }: PollResult<C>,
  applied: Applied,
  missing: readonly ArtifactId[],
  codeCache: StaticCodeCache,
): LiveStatus {
  const fetching = pendingArtifacts.filter((artifact) => !codeCache.isReady(artifact))
  const busy = applied.batches > 0 || bytecode.length > 0
  const settled: LiveStatus = { ...idle, phase: busy ? 'Syncing' : 'Idle' }
  return withPending(settled, [...missing, ...fetching])
}

function withPending(settled: LiveStatus, artifacts: readonly ArtifactId[]): LiveStatus {
  if (artifacts.length === 0) return settled
  const distinct = new Map(artifacts.map((artifact) => [`${artifact.kind}:${artifact.address}`, artifact]))
  return {
    ...settled,
    phase: 'PendingArtifacts',
    pending: { artifacts: [...distinct.values()] },
    advisories: ['WarmingUp'],
  }
}

/** Telemetry never disturbs a sync. */
function quietly(tell: () => void): void {
  try {
    tell()
  } catch {
    // A sink that throws has itself to tell.
  }
}

function stopped({ advisories }: LiveStatus): RaindexError {
  const [advisory] = advisories
  const reason = typeof advisory === 'object' ? advisory.Degraded.reason : 'unknown'
  return new RaindexError('LiveErrored', `Syncing has stopped: ${reason} Mend it and call reset.`, { reason })
}
