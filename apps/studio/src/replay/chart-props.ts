import {
  marksOf,
  numberOf,
  type MarkerKind,
  type PointMark,
  type ReplayMarker,
  type ReplaySeries,
} from '@freshet/raindex/client'
import { display, hexToFloat } from '@freshet/raindex/float'

/** Something to be drawn at a time. */
export type ChartMarker = {
  readonly kind: MarkerKind
  readonly time: number
  /** Where a trade was made, on the scale of the ratio. */
  readonly price?: number | undefined
  readonly event: ReplayMarker
}

/** A stretch of points that may differ from the chain's, the last included. */
type MarkedSpan = { readonly from: number; readonly to: number; readonly marks: readonly PointMark[] }

/** All that a chart shows of a replay. */
export type ChartProps = {
  readonly times: Float64Array
  /** NaN where there is no quote. The replay's own columns: a day of boxed numbers takes longer to make than to draw. */
  readonly ratio: Float64Array
  readonly outputMax: Float64Array
  readonly markers: readonly ChartMarker[]
  readonly markedSpans: readonly MarkedSpan[]
  /** Of ratio and trade prices; undefined where there is neither. */
  readonly ratioRange: readonly [low: number, high: number] | undefined
  /** From nothing to a little more than the most. */
  readonly outputRange: readonly [low: number, high: number]
  readonly label: string
}

/** Turns the replay of one pair into what a chart shows. */
export function chartProps(series: ReplaySeries, label: string): ChartProps {
  const { time, ratio, outputMax } = series.columns
  const markers = series.markers.map(chartMarker)
  return {
    times: time,
    ratio,
    outputMax,
    markers,
    markedSpans: markedSpans(series),
    ratioRange: rangeOf(ratio, markers),
    outputRange: [0, 1.1 * (mostOf(outputMax) || 1)],
    label,
  }
}

/** The point of a time: the last at or before it, and the first where there is none. */
export function pointAt(times: Float64Array, time: number): number {
  const [first = 0, second = first + 1] = times
  return Math.max(0, Math.min(times.length - 1, Math.floor((time - first) / Math.max(1, second - first))))
}

/** What happened, for people, in a few words. */
export function markerWords({ event: { kind, blockNumber, price, amount } }: ChartMarker): string {
  const trade =
    price === undefined || amount === undefined
      ? ''
      : ` of ${display(hexToFloat(amount))} at ${display(hexToFloat(price))}`
  return `${kindWords[kind]}${trade}, block ${blockNumber}`
}

function chartMarker(event: ReplayMarker): ChartMarker {
  const { kind, time, price } = event
  return { kind, time, price: price === undefined ? undefined : numberOf(price), event }
}

/** The kinds of events by their names for people. */
export const kindWords: Readonly<Record<MarkerKind, string>> = {
  add: 'Added',
  remove: 'Removed',
  deposit: 'Deposit',
  withdraw: 'Withdrawal',
  take: 'Take',
  clear: 'Clear',
  store: 'Store write',
}

function markedSpans({ columns: { time, marks } }: ReplaySeries): readonly MarkedSpan[] {
  const spans: MarkedSpan[] = []
  let start = 0
  for (let i = 1; i <= marks.length; i++) {
    if (marks[i] === marks[start]) continue
    const bits = marks[start] ?? 0
    if (bits !== 0) spans.push({ from: time[start] ?? 0, to: time[i - 1] ?? 0, marks: marksOf(bits) })
    start = i
  }
  return spans
}

function rangeOf(
  ratio: Float64Array,
  markers: readonly ChartMarker[],
): readonly [number, number] | undefined {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < ratio.length; i++) {
    // What is no number is neither.
    const value = ratio[i] ?? NaN
    if (value < low) low = value
    if (value > high) high = value
  }
  for (const { price = NaN } of markers) {
    if (price < low) low = price
    if (price > high) high = price
  }
  if (low > high) return undefined
  // A line through the middle, not along the edge.
  const margin = low === high ? Math.abs(low || 1) / 20 : (high - low) / 20
  return [low - margin, high + margin]
}

function mostOf(values: Float64Array): number {
  let most = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN
    if (value > most) most = value
  }
  return most
}
