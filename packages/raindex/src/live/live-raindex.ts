import type { Clock, Collection, Log, Store, Value } from '@freshet/core'
import {
  quoteOrder,
  readSnapshot,
  replicaState,
  simulateTakeOrders,
  takeSnapshot,
  type Address,
  type EvaluationHost,
  type Interpreter,
  type Orderbook,
  type OrderbookState,
  type QuoteOutcome,
  type QuoteRequest,
  type RestoredSnapshot,
  type SnapshotBundle,
  type TakeOrdersConfig,
  type TakeOutcome,
  type Wallet,
} from '../engine/index.ts'
import type { CursorStore, LiveCodeCache, MetricsSink, SnapshotStore } from './adapters.ts'
import { openLiveBook, type LiveBook } from './live-book.ts'
import type { LiveStatus } from './live-status.ts'
import { createLiveSync } from './live-sync.ts'
import { openQuotes, type Quotes, type QuotesOptions } from './open-quotes.ts'
import type { SyncEngine } from './sync-engine.ts'
import type { BytecodeWarmupQueue } from './warmup-queue.ts'

export type LiveOptions<C extends Value> = {
  readonly chainId: number
  readonly orderbook: Orderbook
  readonly syncEngine: SyncEngine<C>
  readonly codeCache: LiveCodeCache
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
  /**
   * What to begin again from after a fork that cannot be undone: a snapshot of a block at or before this one, or
   * undefined, for the start. Default: such a fork stops the book.
   */
  readonly beginAgain?: ((atOrBefore: number) => Promise<SnapshotBundle | undefined>) | undefined
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
  /** Events that polls have brought since it was opened, also those that a fork has undone since. */
  readonly appliedEvents: number
  readonly orders: Collection
  readonly vaults: Collection
  /** Words of stores, each under `STORE/NAMESPACE/KEY`. */
  readonly words: Collection
  /** What is held now; it follows the syncs. */
  readonly state: OrderbookState
  /** What waits for code. */
  readonly queue: Pick<BytecodeWarmupQueue, 'size' | 'envelopes'>
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
  /** Quotes of every pair, kept up to date until they are closed; see {@link openQuotes}. */
  openQuotes(options?: Pick<QuotesOptions, 'counterparty' | 'scope' | 'sliceMs' | 'workers'>): Quotes
  /** Resolves when everything is on the disk. */
  close(): Promise<void>
}

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
  const { chainId, orderbook, host, isContract, wallet, clock } = options
  const book = await openLiveBook<C>(options)
  if (book.isNew) await fillNew(book, options)
  const evaluation: EvaluationHost = { orderbook, interpreter: host, isContract }
  const state = replicaState(book.replica, { wallet })
  const snapshot = (): SnapshotBundle => snapshotOf(book, chainId, orderbook.address)
  const { beginAgain } = options
  const sync = createLiveSync(book, {
    ...options,
    snapshot,
    beginAgain:
      beginAgain &&
      (async (atOrBefore) => {
        const bundle = await beginAgain(atOrBefore)
        book.beginAgain(bundle && (await readPlace(bundle, options)))
      }),
    blockNumber: () => state.env.blockNumber,
  })
  return {
    get status() {
      return sync.status
    },
    subscribe: sync.subscribe,
    get cursor() {
      return book.cursor
    },
    get appliedEvents() {
      return book.appliedEvents
    },
    orders: book.replica.collection('orders'),
    vaults: book.replica.collection('vaults'),
    words: book.replica.collection('store'),
    state,
    get queue() {
      return book.queue
    },
    syncOnce: sync.syncOnce,
    reset: sync.reset,
    snapshot,
    quote: (request) => quoteOrder(evaluation, state, request),
    takeOrders: (config) => simulateTakeOrders(evaluation, state, config),
    openQuotes(asked) {
      const codeSize = (): number => options.codeCache.size
      const quotes = openQuotes({
        replica: book.replica,
        host: evaluation,
        wallet,
        codeSize,
        clock,
        ...asked,
      })
      // Code may come in a poll that changes no row.
      const stop = sync.subscribe(quotes.refresh)
      return {
        ...quotes,
        get evaluated() {
          return quotes.evaluated
        },
        close() {
          stop()
          quotes.close()
        },
      }
    },
    close: () => book.replica.close(),
  }
}

/** Begins from a snapshot or a hint; without one an empty snapshot is saved, so that the host sees the book. */
async function fillNew<C extends Value>(book: LiveBook<C>, options: LiveOptions<C>): Promise<void> {
  const { chainId, orderbook, snapshots, initialSnapshot } = options
  const { address } = orderbook
  if (initialSnapshot !== undefined) await snapshots?.persistSnapshot(initialSnapshot)
  const bundle = initialSnapshot ?? (await snapshots?.loadSnapshot(address))
  if (bundle === undefined) {
    await snapshots?.persistSnapshot(snapshotOf(book, chainId, address))
    return
  }
  const { snapshot, cursor } = await readPlace(bundle, options)
  book.restore(snapshot, cursor)
  await book.replica.flushed()
}

/** A snapshot, and where its engine goes on from it. */
async function readPlace<C extends Value>(
  bundle: SnapshotBundle,
  { chainId, orderbook, cursors }: LiveOptions<C>,
): Promise<{ readonly snapshot: RestoredSnapshot; readonly cursor: C | undefined }> {
  const snapshot = readSnapshot(bundle, { chainId, orderbook: orderbook.address })
  if (snapshot.cursor === null) return { snapshot, cursor: await cursors?.loadCursor(orderbook.address) }
  // The cursor was given by the engine that gets it back.
  return { snapshot, cursor: JSON.parse(snapshot.cursor) as C }
}

function snapshotOf<C extends Value>(book: LiveBook<C>, chainId: number, orderbook: Address): SnapshotBundle {
  const cursor = book.cursor === undefined ? undefined : JSON.stringify(book.cursor)
  return takeSnapshot(book.replica, { chainId, orderbook, cursor, pending: book.queue.toJson() })
}
