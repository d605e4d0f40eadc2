import {
  createReplica,
  delay,
  systemClock,
  type Clock,
  type Collection,
  type Replica,
  type RowFact,
} from '@freshet/core'
import type { Float } from '../float/index.ts'
import {
  orderPairs,
  type Address,
  type Bytes32,
  type ClockReads,
  type EnvRow,
  type EvaluationHost,
  type NotComparable,
  type OrderbookState,
  type OrderRow,
} from '../engine/index.ts'
import { createQuoteWatcher, type QuotePair, type QuoteReads, type WatchedQuote } from './watched-quote.ts'

/** A quote as it was computed last. Its id is {@link quoteId}. */
export type QuoteRow = QuotePair & {
  /** What the taker gives per unit received; null where there is no number. */
  readonly ioRatio: Float | null
  /** The most the taker can receive; null where there is no number. */
  readonly outputMax: Float | null
  /** Why there is no number. */
  readonly reason: NotComparable | null
  /** The block it was computed at; null before the first time. */
  readonly asOf: EnvRow | null
  /** Something it has read has changed since. */
  readonly stale: boolean
}

export type QuotesOptions = {
  /** Holds the state: its tables are those of `raindexTables`. */
  readonly replica: Pick<Replica<unknown>, 'collection'>
  readonly host: EvaluationHost
  /** Who would take. Default the zero address. */
  readonly counterparty?: Address | undefined
  readonly wallet?: OrderbookState['wallet']
  /** How much code is loaded; what lacked some is quoted again when there is more. */
  readonly codeSize?: (() => number) | undefined
  /** How long to quote before others get a turn. Default 8. */
  readonly sliceMs?: number | undefined
  readonly clock?: Clock | undefined
}

/** Quotes of every pair of every live order, kept up to date. */
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

type Entry = { readonly id: string; readonly pair: QuotePair; last?: WatchedQuote; isStale: boolean }

const zeroAddress: Address = `0x${'0'.repeat(40)}`
const readTables = ['vaults', 'store', 'tokens'] as const

/** The id of a pair's row. */
export function quoteId({ order, inputIOIndex, outputIOIndex }: QuotePair): string {
  return `${order}/${inputIOIndex}/${outputIOIndex}`
}

/**
 * Quotes every pair of every live order, and again only when something that its quote has looked at has changed: a
 * vault, a word, the order, or the clock where its program asks for it.
 *
 * Until then the old numbers stand, marked stale. Quotes are made in short slices, those in focus first, and published
 * together after each slice.
 */
export function openQuotes(options: QuotesOptions): Quotes {
  const { replica, host, counterparty = zeroAddress, wallet, codeSize = () => 0 } = options
  const { sliceMs = 8, clock = systemClock } = options
  const shown = createReplica({ name: 'quotes', tables: [{ name: 'quotes' }], clock })
  const watch = createQuoteWatcher(host, (table, id) => replica.collection(table).get(id), wallet)
  const entries = new Map<string, Entry>()
  const byRow = createRowIndex()
  const stale = new Set<Entry>()
  const waiting: (() => void)[] = []
  const clockReaders = { time: new Set<Entry>(), number: new Set<Entry>() }
  let focused: readonly string[] = []
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

  function markAll(found: Iterable<Entry>): void {
    const facts: RowFact[] = []
    for (const entry of found) {
      stale.add(entry)
      if (entry.isStale) continue
      entry.isStale = true
      facts.push(factOf(entry))
    }
    publish(facts)
    void run()
  }

  function publish(facts: readonly RowFact[]): void {
    if (facts.length > 0 && !isClosed) shown.apply({ kind: 'state', startedAt: 'live', facts })
  }

  /** Makes the entries those of the orders that are live. */
  function followOrders(hashes: Iterable<string>): void {
    const facts: RowFact[] = []
    const fresh: Entry[] = []
    for (const hash of hashes) {
      // Written by the projection.
      const order = replica.collection('orders').get(hash) as OrderRow | undefined
      for (const entry of byRow.ofRow(`order/${hash}`)) {
        if (order === undefined) facts.push(dropEntry(entry))
      }
      for (const pair of order === undefined ? [] : pairsOf(order)) {
        const id = quoteId(pair)
        if (entries.has(id)) continue
        const entry: Entry = { id, pair, isStale: true }
        entries.set(id, entry)
        byRow.set(entry, [`order/${hash}`])
        facts.push(factOf(entry))
        fresh.push(entry)
      }
    }
    publish(facts)
    markAll(fresh)
  }

  function dropEntry(entry: Entry): RowFact {
    entries.delete(entry.id)
    stale.delete(entry)
    byRow.set(entry, [])
    noteClock(entry, { time: false, number: false })
    return { kind: 'delete', table: 'quotes', id: entry.id }
  }

  function refresh(): void {
    if (codeSize() === knownCode) return
    knownCode = codeSize()
    changes++
    markAll([...entries.values()].filter(({ last }) => last?.reads.lacksCode === true))
  }

  function followClock(): void {
    const now = envOf()
    const [timeMoved, numberMoved] = [
      now?.timestamp !== env?.timestamp,
      now?.blockNumber !== env?.blockNumber,
    ]
    env = now
    if (timeMoved) markAll(clockReaders.time)
    if (numberMoved) markAll(clockReaders.number)
  }

  /** What was not quoted yet is stale anyway. */
  function noteClock(entry: Entry, { time, number }: ClockReads): void {
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
    while (!isClosed && stale.size > 0) {
      await quoteSlice()
      // Others get a turn between slices; before the first they have had theirs, and a timer costs a millisecond.
      if (stale.size > 0) await delay(clock, 0)
    }
    isRunning = false
    for (const resolve of waiting.splice(0)) resolve()
  }

  async function quoteSlice(): Promise<void> {
    const until = clock.now() + sliceMs
    const done: Entry[] = []
    do {
      const entry = nextStale()
      if (entry === undefined || isClosed) break
      const before = changes
      stale.delete(entry)
      const quote = await watch(entry.pair, counterparty)
      evaluated++
      // Dropped, or something has changed in the middle of an evaluation that took its time.
      if (entries.get(entry.id) !== entry) continue
      entry.last = quote
      entry.isStale = stale.has(entry) || before !== changes
      if (entry.isStale) stale.add(entry)
      byRow.set(entry, [`order/${entry.pair.order}`, ...quote.reads.rows])
      noteClock(entry, quote.reads.clock)
      done.push(entry)
    } while (clock.now() < until)
    publish(done.filter(({ id }) => entries.has(id)).map(factOf))
  }

  function nextStale(): Entry | undefined {
    for (const id of focused) {
      const entry = entries.get(id)
      if (entry !== undefined && stale.has(entry)) return entry
    }
    const [first] = stale
    return first
  }

  const stops = [
    replica.collection('orders').subscribe(({ ids }) => {
      changes++
      followOrders(ids === 'all' ? [...hashesOf(entries), ...replica.collection('orders').ids()] : ids)
    }),
    ...readTables.map((table) =>
      replica.collection(table).subscribe(({ ids }) => {
        changes++
        markAll(ids === 'all' ? [...entries.values()] : byRow.ofRows(table, ids))
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
    focus(ids) {
      focused = [...ids]
    },
    readSet: (id) => entries.get(id)?.last?.reads,
    refresh,
    settled: () => (isRunning ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    close() {
      isClosed = true
      for (const stop of stops) stop()
    },
  }
}

function pairsOf(order: OrderRow): readonly QuotePair[] {
  return orderPairs(order).map((pair) => ({ ...pair, order: order.hash }))
}

function hashesOf(entries: ReadonlyMap<string, Entry>): readonly Bytes32[] {
  return [...new Set([...entries.values()].map(({ pair }) => pair.order))]
}

function factOf({ id, pair, last, isStale }: Entry): RowFact {
  const { outcome, asOf = null } = last ?? {}
  const row: QuoteRow = {
    ...pair,
    ioRatio: outcome?.kind === 'quote' ? outcome.ioRatio : null,
    outputMax: outcome?.kind === 'quote' ? outcome.outputMax : null,
    reason: outcome?.kind === 'not-comparable' ? outcome.reason : null,
    asOf,
    stale: isStale,
  }
  return { kind: 'put', table: 'quotes', id, row }
}

/** Which entries have read a row. */
function createRowIndex() {
  const readers = new Map<string, Set<Entry>>()
  const rows = new Map<Entry, readonly string[]>()
  const none: ReadonlySet<Entry> = new Set()
  return {
    /** Replaces what an entry has read. */
    set(entry: Entry, read: readonly string[]): void {
      const before = rows.get(entry) ?? []
      // Mostly it reads what it has read before, and the index costs as much as a quarter of a quote.
      if (before.length === read.length && before.every((row, i) => row === read[i])) return
      for (const row of before) {
        const known = readers.get(row)
        known?.delete(entry)
        if (known?.size === 0) readers.delete(row)
      }
      if (read.length === 0) rows.delete(entry)
      else rows.set(entry, read)
      for (const row of read) {
        const known = readers.get(row) ?? new Set<Entry>()
        readers.set(row, known)
        known.add(entry)
      }
    },
    ofRow: (row: string): readonly Entry[] => [...(readers.get(row) ?? none)],
    ofRows: (table: string, ids: readonly string[]): ReadonlySet<Entry> =>
      new Set(ids.flatMap((id) => [...(readers.get(`${table}/${id}`) ?? none)])),
  }
}
