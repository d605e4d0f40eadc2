import { FreshetError } from '@freshet/core'
import { hashOrder, orderPairs, type Bytes32, type Order, type OrderPair } from '../../engine/index.ts'
import { readClock, writeBlockNumbers, type ClockReading } from './chain-clock.ts'
import { eventLoopTurn } from '../../live/event-loop-turn.ts'
import { inspectMoment, type ReplayMoment } from './inspect-moment.ts'
import { bitOf } from './point-marks.ts'
import { createMomentQuoter, marksAt, standsFor, type QuotedMoment } from './quote-moment.ts'
import { createColumns, resultOf, type ReplayColumns, type ReplayResult } from './replay-columns.ts'
import type { HistoryHead, ReplayHistory } from './replay-history.ts'
import type { ReplayHost } from './replay-host.ts'
import { markersOf, type ReplayMarker } from './replay-markers.ts'
import { assertKnownSince, pointCount, type ReplayRequest, type ReplaySubject } from './replay-request.ts'
import { findReplayScope, unknownOrder, type ReplayScope } from './replay-scope.ts'
import { readTimeline, type Timeline } from './timeline.ts'

/** What one pair would have quoted, and what happened to it. */
export type ReplaySeries = OrderPair & {
  readonly columns: ReplayColumns
  readonly results: readonly ReplayResult[]
  readonly markers: readonly ReplayMarker[]
}

/** The same request over the same history gives the same run, byte for byte. */
export type ReplayRun = {
  readonly orderHash: Bytes32
  readonly series: readonly ReplaySeries[]
}

export type ReplayProgress = {
  readonly points: number
  readonly of: number
  /** How many quotes were really made; the other points follow from them. */
  readonly quotes: number
}

export type RunOptions = {
  readonly signal?: AbortSignal | undefined
  /** Called some times a second, and at the end. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined
}

export type ReplayOptions = {
  readonly signal?: AbortSignal | undefined
  /**
   * The only orders that will be replayed. Then nothing else is remembered of the history but its state, so that one
   * that does not fit into memory can be replayed. Default all.
   */
  readonly orders?: readonly (Bytes32 | Order)[] | undefined
}

/** A history that is open for replays. */
export interface Replay {
  /** The first block that is known, which is the head where there is none, and the last. */
  readonly range: { readonly first: HistoryHead; readonly head: HistoryHead }
  /** Every order the history has, live or not, in the order they came; or those that it was opened for. */
  orders(): readonly Order[]
  /**
   * Quotes at every step, evaluating anew only where something the quote read has changed.
   *
   * @throws {FreshetError} `replay/bad-range`, `replay/unknown-order`, `replay/unknown-pair`; `replay/before-history`:
   * it begins before the history does.
   * @throws the reason of `signal` when it is aborted.
   */
  run(request: ReplayRequest, options?: RunOptions): Promise<ReplayRun>
  /** Everything about one second. Throws as `run`. */
  inspect(subject: ReplaySubject & OrderPair, second: number): Promise<ReplayMoment>
}

/** A share of a run's points. Only the first has the markers, which are those of the whole. */
export type RunPart = { readonly index: number; readonly of: number }

/** A replay that can share a run with others of the same history. */
export type SharedReplay = Replay & {
  runPart(request: ReplayRequest, part: RunPart, options?: RunOptions): Promise<ReplayRun>
}

/**
 * Reads a history and makes it ready for replays.
 *
 * @param host - Used for nothing else while this replays.
 * @throws {FreshetError} `replay/bad-history`: its blocks do not ascend, or lie beyond its head.
 * `replay/unknown-order`: the history does not have one of `options.orders`.
 * @throws {RaindexError} `NegativeVaultBalance`: it does not begin at the order book's first block.
 */
export async function openReplay(
  history: ReplayHistory,
  host: ReplayHost,
  options: ReplayOptions = {},
): Promise<Replay> {
  return openSharedReplay(history, host, options)
}

export async function openSharedReplay(
  history: ReplayHistory,
  host: ReplayHost,
  { signal, orders }: ReplayOptions = {},
): Promise<SharedReplay> {
  const scope = orders && (await findReplayScope(history, orders, signal))
  const timeline = await readTimeline(history, scope, signal)
  const [number, timestamp] = [timeline.blockNumbers[0], timeline.timestamps[0]]
  const first = number === undefined || timestamp === undefined ? history.head : { number, timestamp }
  // A host evaluates one call at a time.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
  const runPart: SharedReplay['runPart'] = (request, part, runOptions = {}) =>
    inTurn(() => {
      assertInScope(scope, request.order)
      return runReplay(host, timeline, request, part, runOptions)
    })
  return {
    range: { first, head: history.head },
    orders: () =>
      [...timeline.rows('orders').keys()].flatMap((hash) =>
        scope?.hashes.has(hash) === false ? [] : (knownOrder(timeline, hash) ?? []),
      ),
    run: (request, runOptions) => runPart(request, { index: 0, of: 1 }, runOptions),
    runPart,
    inspect: (subject, second) =>
      inTurn(async () => {
        assertInScope(scope, subject.order)
        const order = resolveOrder(timeline, subject.order)
        assertPair(order, subject)
        assertKnownSince(history.since, second)
        return inspectMoment(host, timeline, { ...subject, definition: order }, second)
      }),
  }
}

async function runReplay(
  host: ReplayHost,
  timeline: Timeline,
  request: ReplayRequest,
  part: RunPart,
  { signal, onProgress }: RunOptions,
): Promise<ReplayRun> {
  const count = pointCount(request)
  assertKnownSince(timeline.history.since, request.from)
  const order = resolveOrder(timeline, request.order)
  const pairs = request.pairs ?? orderPairs(order)
  for (const pair of pairs) assertPair(order, pair)
  const { from, stepSeconds = 1 } = request
  const start = Math.floor((part.index * count) / part.of)
  const own = Math.floor(((part.index + 1) * count) / part.of) - start
  const series: ReplaySeries[] = []
  let quotes = 0
  for (const pair of pairs) {
    const [pointsBefore, quotesBefore] = [series.length * own, quotes]
    const report = (points: number, made: number): void => {
      quotes = quotesBefore + made
      onProgress?.({ points: pointsBefore + points, of: pairs.length * own, quotes })
    }
    const pairRequest = { ...request, ...pair, from: from + start * stepSeconds }
    const columns = await replayPair(host, timeline, pairRequest, own, { signal, onProgress: report })
    const markers = part.index === 0 ? markersOf(timeline, { order, ...pair }, from, request.to) : []
    series.push({ ...pair, ...columns, markers })
  }
  return { orderHash: hashOrder(order), series }
}

/** Quotes between two looks at the signal: some milliseconds. */
const quotesPerTurn = 100

type PairOptions = {
  readonly signal?: AbortSignal | undefined
  readonly onProgress: (points: number, quotes: number) => void
}

async function replayPair(
  host: ReplayHost,
  timeline: Timeline,
  request: ReplayRequest & OrderPair,
  count: number,
  options: PairOptions,
): Promise<{ readonly columns: ReplayColumns; readonly results: readonly ReplayResult[] }> {
  const { from, stepSeconds = 1, clock = 'second' } = request
  const { timestamps, history } = timeline
  const writer = createColumns(count)
  const { time } = writer.columns
  for (let i = 0; i < count; i++) time[i] = from + i * stepSeconds
  writeBlockNumbers(timeline, writer.columns)
  /** The first point at or after a second. */
  const pointFrom = (second: number): number =>
    Math.max(0, Math.min(count, Math.ceil((second - from) / stepSeconds)))
  const quoteAt = createMomentQuoter(host, timeline, request)
  const known = pointFrom(history.head.timestamp + 1)
  let quotes = 0
  let i = 0
  while (i < known) {
    const place = timeline.placeAt(from + i * stepSeconds)
    const { env, estimated } = readClock(timeline, from + i * stepSeconds, place, clock)
    const moment = await quoteAt(place, env)
    const result = writer.intern(resultOf(moment.outcome))
    const stateEnd = Math.min(known, pointFrom(timestamps[moment.validUntil] ?? Infinity))
    const { looks } = moment
    if (!looks.time && !looks.number) {
      const second = from + i * stepSeconds
      writer.fill(i, i + 1, result, marksAt(moment, second))
      if (i + 1 < stateEnd) writer.fill(i + 1, stateEnd, result, marksAt(moment, second + stepSeconds))
      i = stateEnd
    } else {
      let now: ClockReading = { env, estimated }
      let nowPlace = place
      do {
        const marks = marksAt(moment, from + i * stepSeconds)
        writer.fill(i, i + 1, result, marks | clockMark(moment, now, clock))
        const second = from + ++i * stepSeconds
        while ((timestamps[nowPlace + 1] ?? Infinity) <= second) nowPlace++
        now = readClock(timeline, second, nowPlace, clock)
      } while (i < stateEnd && standsFor(moment, now.env))
    }
    if (++quotes % quotesPerTurn !== 0) continue
    options.onProgress(i, quotes)
    await eventLoopTurn()
    options.signal?.throwIfAborted()
  }
  if (known < count) {
    writer.fill(known, count, writer.intern({ kind: 'gap', reason: { kind: 'BeyondHistory' } }), 0)
  }
  options.onProgress(count, quotes)
  return { columns: writer.columns, results: writer.results }
}

/** Whether what the program saw of the clock was reckoned. */
function clockMark({ looks }: QuotedMoment, { estimated }: ClockReading, clock: string): number {
  const sawIt = looks.number || (looks.time && clock === 'block')
  return estimated && sawIt ? bitOf('estimated-block') : 0
}

function resolveOrder(timeline: Timeline, order: Bytes32 | Order): Order {
  if (typeof order !== 'string') return order
  const known = knownOrder(timeline, order)
  if (known !== undefined) return known
  throw unknownOrder(order)
}

function assertInScope(scope: ReplayScope | undefined, order: Bytes32 | Order): void {
  const hash = typeof order === 'string' ? order : hashOrder(order)
  if (scope?.hashes.has(hash) !== false) return
  const message = `The replay was opened for other orders than ${hash}. Open it for this one too.`
  throw new FreshetError({ code: 'replay/unknown-order', kind: 'usage', message })
}

function knownOrder(timeline: Timeline, hash: string): Order | undefined {
  // Rows of orders are written by the projection.
  return timeline
    .rows('orders')
    .get(hash)
    ?.rows.find((row) => row !== undefined) as Order | undefined
}

function assertPair({ validInputs, validOutputs }: Order, { inputIOIndex, outputIOIndex }: OrderPair): void {
  if (validInputs[inputIOIndex] !== undefined && validOutputs[outputIOIndex] !== undefined) return
  const message = `The order has ${validInputs.length} inputs and ${validOutputs.length} outputs, and no pair ${inputIOIndex}, ${outputIOIndex}. They are counted from 0.`
  throw new FreshetError({ code: 'replay/unknown-pair', kind: 'usage', message })
}
