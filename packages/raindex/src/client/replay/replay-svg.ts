import { display, hexToFloat } from '../../float/index.ts'
import type { ReplaySeries } from './open-replay.ts'
import { numberOf } from './replay-columns.ts'
import { isoTime } from './replay-csv.ts'
import type { MarkerKind, ReplayMarker } from './replay-markers.ts'
import { niceTicks, timeTicks } from './axis-ticks.ts'
import { stepPath } from './step-path.ts'

export type ReplaySvgOptions = {
  /** Above the chart. */
  readonly title: string
  /** Pixels. Default 1,200 by 640. */
  readonly width?: number | undefined
  readonly height?: number | undefined
}

/** A pane of the chart, in pixels. */
type Pane = {
  readonly top: number
  readonly bottom: number
  readonly y: (value: number) => number
  readonly ticks: readonly number[]
}

const margin = { right: 34, top: 44, bottom: 58 }
const gapBetween = 38
/** Room for the values of an axis, for more where they are long. */
const leastLeft = 78
const digitWidth = 7.2

/**
 * One pair's replay as a picture: the quote's ratio with breaks where there is none, trades at the price they were
 * made for, what happened below it, and the maximum output underneath.
 *
 * It follows the reader's light or dark appearance.
 */
export function replayToSvg(series: ReplaySeries, options: ReplaySvgOptions): string {
  const { title, width = 1_200, height = 640 } = options
  const { time, ratio, outputMax } = series.columns
  const split = margin.top + (height - margin.top - margin.bottom - gapBetween) * 0.68
  const prices = series.markers.flatMap(({ price }) => (price === undefined ? [] : [numberOf(price)]))
  const upper = paneOf([...finite(ratio), ...prices], margin.top, split)
  const lower = paneOf([0, ...finite(outputMax)], split + gapBetween, height - margin.bottom)
  const digits = Math.max(...[...upper.ticks, ...lower.ticks].map((tick) => String(tick).length))
  const left = Math.max(leastLeft, Math.ceil(12 + digits * digitWidth))
  const [from, to] = [time[0] ?? 0, Math.max(time.at(-1) ?? 0, (time[0] ?? 0) + 1)]
  const x = (second: number): number => left + ((second - from) / (to - from)) * (width - left - margin.right)
  const parts = [
    ...grid(upper, left, width),
    ...grid(lower, left, width),
    ...timeAxis(timeTicks(from, to), x, lower.bottom),
    `<path class="line" d="${stepPath(time, ratio, x, upper.y)}"/>`,
    `<path class="max" d="${stepPath(time, outputMax, x, lower.y)}"/>`,
    ...backToFront(series.markers).map((marker) => flag(marker, x(marker.time), split)),
    ...series.markers.flatMap((marker) => tradeDot(marker, x, upper)),
    text('label', left, margin.top - 8, 'ratio, input per output'),
    text('label', left, split + gapBetween - 8, 'maximum output'),
    ...legend(series.markers, left, height - 14),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    text('title', left, 20, title),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

const colours: Readonly<Record<MarkerKind, readonly [light: string, dark: string]>> = {
  add: ['#17713a', '#6fcf8e'],
  remove: ['#b3261e', '#ff8f85'],
  deposit: ['#1d5fa8', '#7db4f0'],
  withdraw: ['#8f5400', '#f0b65a'],
  take: ['#7a3aa0', '#cf9bea'],
  clear: ['#a03a78', '#f09bcd'],
  store: ['#4d5a63', '#a6b1b9'],
}

const rules = (at: 0 | 1): string =>
  [
    `.paper{fill:${['#ffffff', '#14171a'][at]}}`,
    `text{fill:${['#4d5a63', '#a6b1b9'][at]}}`,
    `.title{fill:${['#1b2227', '#e4e8eb'][at]}}`,
    `.grid{stroke:${['#dfe3e6', '#2d343a'][at]}}`,
    `.line{stroke:${['#0b6b7d', '#5cc4d6'][at]}}`,
    `.max{stroke:${['#5f6c75', '#8d99a2'][at]}}`,
    ...Object.entries(colours).map(([kind, pair]) => `.${kind}{fill:${pair[at]}}`),
  ].join('')

const style = [
  'text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:14px}.label{font-size:11px}',
  '.line,.max{fill:none;stroke-width:1.5}.max{stroke-width:1}',
  rules(0),
  `@media (prefers-color-scheme:dark){${rules(1)}}`,
].join('')

function paneOf(values: readonly number[], top: number, bottom: number): Pane {
  let [low, high] = [Infinity, -Infinity]
  // A spread would be too many arguments.
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  if (low > high) [low, high] = [0, 1]
  if (low === high) [low, high] = [low - Math.abs(low || 1) / 10, high + Math.abs(high || 1) / 10]
  const y = (value: number): number => bottom - ((value - low) / (high - low)) * (bottom - top)
  return { top, bottom, y, ticks: niceTicks(low, high, 5) }
}

function finite(values: Float64Array): number[] {
  return [...values].filter((value) => Number.isFinite(value))
}

function grid({ y, ticks }: Pane, left: number, width: number): readonly string[] {
  return ticks.flatMap((tick) => [
    `<path class="grid" d="M${left} ${round(y(tick))}H${width - margin.right}"/>`,
    text('label', left - 8, y(tick) + 4, String(tick), 'end'),
  ])
}

function timeAxis(ticks: readonly number[], x: (second: number) => number, top: number): readonly string[] {
  return ticks.map((tick) => text('label', x(tick), top + 18, isoTime(tick).slice(11, 19), 'middle'))
}

/** Store writes go with nearly every other event of their second, which must not be hidden by them. */
function backToFront(markers: readonly ReplayMarker[]): readonly ReplayMarker[] {
  return [
    ...markers.filter(({ kind }) => kind === 'store'),
    ...markers.filter(({ kind }) => kind !== 'store'),
  ]
}

/** A small flag at the foot of the ratio's pane. */
function flag(marker: ReplayMarker, at: number, foot: number): string {
  const [left, right, tip] = [at - 4, at + 4, foot]
  const words = `${marker.kind} ${isoTime(marker.time)} block ${marker.blockNumber}`
  return `<path class="${marker.kind}" d="M${round(left)} ${round(tip + 9)}L${round(at)} ${round(tip)}L${round(right)} ${round(tip + 9)}Z"><title>${words}</title></path>`
}

function tradeDot(marker: ReplayMarker, x: (second: number) => number, { y }: Pane): readonly string[] {
  if (marker.price === undefined) return []
  const price = display(hexToFloat(marker.price))
  const place = `cx="${round(x(marker.time))}" cy="${round(y(numberOf(marker.price)))}"`
  return [`<circle class="${marker.kind}" ${place} r="4"><title>${marker.kind} at ${price}</title></circle>`]
}

function legend(markers: readonly ReplayMarker[], left: number, y: number): readonly string[] {
  const kinds = Object.keys(colours).filter((kind) => markers.some((marker) => marker.kind === kind))
  return kinds.flatMap((kind, at) => {
    const x = left + at * 90
    return [`<circle class="${kind}" cx="${x}" cy="${y - 4}" r="4"/>`, text('label', x + 10, y, kind)]
  })
}

function text(kind: string, x: number, y: number, words: string, anchor = 'start'): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
