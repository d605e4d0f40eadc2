import {
  createReplica,
  delay,
  systemClock,
  type Clock,
  type Collection,
  type Replica,
  type RowFact,
} from '@freshet/core'
import {
  orderPairs,
  type Address,
  type Bytes32,
  type ClockReads,
  type EnvRow,
  type EvaluationHost,
  type OrderbookState,
  type OrderRow,
} from '../engine/index.ts'
import { eventLoopTurn } from './event-loop-turn.ts'
import {
  createQuoteEntry,
  factOf,
  orderOfId,
  quoteId,
  runnableBasis,
  type QuoteEntry,
  type QuoteRow,
} from './quote-entry.ts'
import { createQuoteQueue } from './quote-queue.ts'
import type { QuoteWorkers } from './quote-workers.ts'
import { createRowReaders } from './row-readers.ts'
import { startWorkerFeed, type WorkerQuote } from './worker-feed.ts'
import {
  createQuoteWatcher,
  readsSameRows,
  rowsOf,
  type QuotePair,
  type QuoteReads,
  type WatchedQuote,
} from './watched-quote.ts'

export type QuotesOptions = {
  /** Holds the state: its tables are those of `raindexTables`. */
  readonly replica: Pick<Replica<unknown>, 'collection'>
  readonly host: EvaluationHost
  /** Who would take. Default the zero address. */
  readonly counterparty?: Address | undefined
  /** Which pairs are quoted: those of the whole book, or only those in focus. Default `book`. */
  readonly scope?: 'book' | 'focus' | undefined
  readonly wallet?: OrderbookState['wallet']
  /** How much code is loaded; what lacked some is quoted again when there is more. */
  readonly codeSize?: (() => number) | undefined
  /** Threads for blocks on which many quotes read the clock. They stay open when the quotes are closed. */
  readonly workers?: QuoteWorkers | undefined
  /** How long to quote before others get a turn. Default 8. */
  readonly sliceMs?: number | undefined
  readonly clock?: Clock | undefined
}

/** Quotes of every pair of every live order, or of those in focus, kept up to date. */
export interface Quotes {
  /** One row for each pair, there as soon as its order is. */
  readonly collection: Collection<QuoteRow>
  /** Evaluations so far. */
  readonly evaluated: number
  /** What is on screen: it is quoted before all else. */
  focus(ids: Iterable<string>): void
  /** What a quote has looked at; undefined before the first time. */
  readSet(id: string): QuoteReads | undefined
  /** Quotes again what lacked code, where there is more. Changes of the state do so by themselves. */
  refresh(): void
  /** Resolves when nothing is stale, or it was closed. */
  settled(): Promise<void>
  close(): void
}

const zeroAddress: Address = `0x${'0'.repeat(40)}`
const readTables = ['vaults', 'store', 'tokens'] as const

/**
 * Quotes every pair of every live order, and again only when something that its quote has looked at has changed: a
 * vault, a word, the order, or the clock where its program asks for it.
 *
 * Until then the old numbers stand, marked stale. Quotes are made in short slices, those in focus first, and published
 * together after each slice.
 */
export function openQuotes(options: QuotesOptions): Quotes {
  const { replica, host, counterparty = zeroAddress, wallet, codeSize = () => 0, workers } = options
  const { sliceMs = 8, clock = systemClock, scope = 'book' } = options
  // A timer costs a millisecond, and more in browsers.
  const turn = clock === systemClock ? eventLoopTurn : () => delay(clock, 0)
  const shown = createReplica({ name: 'quotes', tables: [{ name: 'quotes' }], clock })
  const watch = createQuoteWatcher(host, (table, id) => replica.collection(table).get(id), wallet)
  const entries = new Map<string, QuoteEntry>()
  const readers = createRowReaders<QuoteEntry>()
  const queue = createQuoteQueue(workers?.size ?? 0)
  const feed = startWorkerFeed(workers, queue, receive)
  const waiting: (() => void)[] = []
  const clockReaders = { time: new Set<QuoteEntry>(), number: new Set<QuoteEntry>() }
  let focused: ReadonlySet<string> = new Set()
  let changes = 0
  let evaluated = 0
  let isRunning = false
  let isClosed = false
  let knownCode = codeSize()
  let env = envOf()

  function envOf(): EnvRow | undefined {
    // Written by the projection.
    return replica.collection('env').get('env') as EnvRow | undefined
  }

  function markAll(found: Iterable<QuoteEntry>, by: 'row' | 'clock'): void {
    const facts: RowFact[] = []
    for (const entry of found) {
      entry.marks++
      if (by === 'row') entry.isBasisStale = true
      queue.add(entry)
      if (entry.isStale) continue
      entry.isStale = true
      facts.push(factOf(entry))
    }
    publish(facts)
    feed.wake()
    void run()
  }

  function publish(facts: readonly RowFact[]): void {
    if (facts.length > 0 && !isClosed) shown.apply({ kind: 'state', startedAt: 'live', facts })
  }

  /** Makes the entries those of the orders that are live. */
  function followOrders(hashes: Iterable<string>): void {
    const facts: RowFact[] = []
    const fresh: QuoteEntry[] = []
    for (const hash of hashes) {
      // Written by the projection.
      const order = replica.collection('orders').get(hash) as OrderRow | undefined
      for (const entry of readers.of(`orders/${hash}`)) {
        if (order === undefined) facts.push(dropEntry(entry))
      }
      for (const pair of order === undefined ? [] : pairsOf(order)) {
        const id = quoteId(pair)
        if (entries.has(id) || (scope === 'focus' && !focused.has(id))) continue
        const entry = createQuoteEntry(id, pair, workers?.takeSlot() ?? 0)
        entries.set(id, entry)
        readers.set(entry, [`orders/${hash}`])
        facts.push(factOf(entry))
        fresh.push(entry)
      }
    }
    publish(facts)
    markAll(fresh, 'row')
  }

  function focus(ids: Iterable<string>): void {
    const before = focused
    focused = new Set(ids)
    if (scope === 'focus') {
      publish([...entries.values()].filter(({ id }) => !focused.has(id)).map(dropEntry))
      followOrders(new Set([...focused].filter((id) => !before.has(id)).map(orderOfId)))
    }
    queue.focus(focused, (id) => entries.get(id))
  }

  function dropEntry(entry: QuoteEntry): RowFact {
    entry.isDropped = true
    entries.delete(entry.id)
    queue.remove(entry)
    readers.set(entry, [])
    noteClock(entry, { time: false, number: false })
    workers?.freeSlot(entry.slot)
    return { kind: 'delete', table: 'quotes', id: entry.id }
  }

  function refresh(): void {
    if (codeSize() === knownCode) return
    knownCode = codeSize()
    changes++
    markAll(
      [...entries.values()].filter(({ basis }) => basis?.lacksCode === true),
      'row',
    )
  }

  function followClock(): void {
    const now = envOf()
    const [timeMoved, numberMoved] = [
      now?.timestamp !== env?.timestamp,
      now?.blockNumber !== env?.blockNumber,
    ]
    env = now
    if (timeMoved) markAll(clockReaders.time, 'clock')
    if (numberMoved) markAll(clockReaders.number, 'clock')
  }

  /** What was not quoted yet is stale anyway. */
  function noteClock(entry: QuoteEntry, { time, number }: ClockReads): void {
    if (time) clockReaders.time.add(entry)
    else clockReaders.time.delete(entry)
    if (number) clockReaders.number.add(entry)
    else clockReaders.number.delete(entry)
  }

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    // Behind the notice that is being given, so that what changes together is quoted together.
    await Promise.resolve()
    while (!isClosed && (queue.size > 0 || feed.isBusy)) {
      feed.fill(() => ({ env: envOf() ?? noEnv, changes }))
      await quoteSlice()
      // Others get a turn between slices; before the first they have had theirs.
      if (queue.hasOwn()) await turn()
      else if (feed.isBusy) await feed.progress()
    }
    isRunning = false
    for (const resolve of waiting.splice(0)) resolve()
  }

  async function quoteSlice(): Promise<void> {
    const until = clock.now() + sliceMs
    const done: QuoteEntry[] = []
    do {
      const entry = isClosed ? undefined : queue.take()
      if (entry === undefined) break
      const { marks } = entry
      const before = changes
      const basis = runnableBasis(entry)
      const made = basis === undefined ? watch.quote(entry.pair, counterparty) : watch.again(basis)
      // What is there at once is not awaited: that takes a turn of the queue of promises.
      const quote = made instanceof Promise ? await made : made
      evaluated++
      if (entry.isDropped) continue
      settle(entry, quote, marks, before)
      done.push(entry)
    } while (clock.now() < until)
    publish(done.filter(({ isDropped }) => !isDropped).map(factOf))
  }

  /** @param marks - And `before`: how often the entry was marked, and anything changed, when the quote was begun. */
  function settle(
    entry: QuoteEntry,
    { offer, asOf, basis }: WatchedQuote,
    marks: number,
    before: number,
  ): void {
    entry.offer = offer
    entry.asOf = asOf
    const isOther = basis !== entry.basis
    if (isOther) {
      if (!readsSameRows(basis, entry.basis)) {
        readers.set(entry, [`orders/${entry.pair.order}`, ...rowsOf(basis)])
      }
      noteClock(entry, basis.clock)
      entry.basis = basis
    }
    if (entry.marks !== marks) return
    // In an evaluation that took its time, something may have changed that it was not known to read.
    entry.isBasisStale = isOther && before !== changes
    entry.isStale = entry.isBasisStale
    if (entry.isStale) queue.add(entry)
  }

  /** Takes in what a worker has made. */
  function receive(made: readonly WorkerQuote[]): void {
    const done: QuoteEntry[] = []
    for (const { entry, quote, marks, changes: before } of made) {
      if (entry.isDropped) continue
      if (quote === undefined) {
        entry.misses++
        entry.isBasisStale = true
        queue.add(entry)
        continue
      }
      evaluated++
      settle(entry, quote, marks, before)
      done.push(entry)
    }
    publish(done.map(factOf))
  }

  const stops = [
    replica.collection('orders').subscribe(({ ids }) => {
      changes++
      followOrders(ids === 'all' ? [...hashesOf(entries), ...replica.collection('orders').ids()] : ids)
    }),
    ...readTables.map((table) =>
      replica.collection(table).subscribe(({ ids }) => {
        changes++
        markAll(ids === 'all' ? [...entries.values()] : readers.ofRows(table, ids), 'row')
      }),
    ),
    replica.collection('env').subscribe(() => {
      changes++
      followClock()
      refresh()
    }),
  ]
  followOrders(replica.collection('orders').ids())
  return {
    // The rows are those of factOf.
    collection: shown.collection('quotes') as unknown as Collection<QuoteRow>,
    get evaluated() {
      return evaluated
    },
    focus,
    readSet: (id) => readsOf(entries.get(id)),
    refresh,
    settled: () => (isRunning ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    close() {
      if (isClosed) return
      isClosed = true
      for (const stop of stops) stop()
      for (const { slot } of entries.values()) workers?.freeSlot(slot)
      feed.wake()
    },
  }
}

const noEnv: EnvRow = { blockNumber: 0, timestamp: 0 }

function readsOf(entry: QuoteEntry | undefined): QuoteReads | undefined {
  if (entry?.basis === undefined) return undefined
  const { clock, lacksCode } = entry.basis
  return { rows: new Set(rowsOf(entry.basis)), clock, lacksCode }
}

function pairsOf(order: OrderRow): readonly QuotePair[] {
  return orderPairs(order).map((pair) => ({ ...pair, order: order.hash }))
}

function hashesOf(entries: ReadonlyMap<string, QuoteEntry>): readonly Bytes32[] {
  return [...new Set([...entries.values()].map(({ pair }) => pair.order))]
}
