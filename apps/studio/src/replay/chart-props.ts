import {
  marksOf,
  numberOf,
  type MarkerKind,
  type PointMark,
  type ReplayMarker,
  type ReplaySeries,
} from '@freshet/raindex/client'
import { display, hexToFloat } from '@freshet/raindex/float'

/** Values beside times, as the chart takes them: null where there is none. */
export type ChartColumn = readonly (number | null)[]

/** Something to be drawn at a time. */
export type ChartMarker = {
  readonly kind: MarkerKind
  readonly time: number
  /** For people, in a few words. */
  readonly words: string
  /** Where a trade was made, on the scale of the ratio. */
  readonly price?: number | undefined
}

/** A stretch of points that may differ from the chain's, the last included. */
export type MarkedSpan = { readonly from: number; readonly to: number; readonly marks: readonly PointMark[] }

/** All that a chart shows of a replay. */
export type ChartProps = {
  readonly times: Float64Array
  readonly ratio: ChartColumn
  readonly outputMax: ChartColumn
  readonly markers: readonly ChartMarker[]
  readonly markedSpans: readonly MarkedSpan[]
  /** Of ratio and trade prices; undefined where there is neither. */
  readonly ratioRange: readonly [low: number, high: number] | undefined
  readonly label: string
}

/** Turns the replay of one pair into what a chart shows. */
export function chartProps(series: ReplaySeries, label: string): ChartProps {
  const { time, ratio, outputMax } = series.columns
  const markers = series.markers.map(chartMarker)
  const column = columnOf(ratio)
  return {
    times: time,
    ratio: column,
    outputMax: columnOf(outputMax),
    markers,
    markedSpans: markedSpans(series),
    ratioRange: rangeOf(column, markers),
    label,
  }
}

/** The point of a time: the last at or before it, and the first where there is none. */
export function pointAt(times: Float64Array, time: number): number {
  const [first = 0, second = first + 1] = times
  return Math.max(0, Math.min(times.length - 1, Math.floor((time - first) / Math.max(1, second - first))))
}

function columnOf(values: Float64Array): ChartColumn {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null))
}

function chartMarker({ kind, time, blockNumber, price, amount }: ReplayMarker): ChartMarker {
  const trade =
    price === undefined || amount === undefined
      ? ''
      : ` of ${display(hexToFloat(amount))} at ${display(hexToFloat(price))}`
  const words = `${kindWords[kind]}${trade}, block ${blockNumber}`
  return { kind, time, words, price: price === undefined ? undefined : numberOf(price) }
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

function rangeOf(ratio: ChartColumn, markers: readonly ChartMarker[]): readonly [number, number] | undefined {
  let [low, high] = [Infinity, -Infinity]
  const take = (value: number | null | undefined): void => {
    if (value === null || value === undefined) return
    if (value < low) low = value
    if (value > high) high = value
  }
  for (const value of ratio) take(value)
  for (const { price } of markers) take(price)
  if (low > high) return undefined
  // A line through the middle, not along the edge.
  const margin = low === high ? Math.abs(low || 1) / 20 : (high - low) / 20
  return [low - margin, high + margin]
}
