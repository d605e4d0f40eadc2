import type { ReplayMarker, ReplaySeries } from '@freshet/raindex/client'
import { floatToHex, parse } from '@freshet/raindex/float'
import uPlot from 'uplot'
import { chartProps } from '../../apps/studio/src/replay/chart-props.ts'
import { createReplayChart, type ReplayChart } from '../../apps/studio/src/replay/replay-chart.ts'

// Runs in the page of chart.bench.ts, which calls what is exported here.

const start = 1_700_000_000
const size = { width: 1_100, height: 560 }

let series: ReplaySeries

/** Makes what is drawn next, so that making it is not measured. */
export function prepare(points: number, markerCount: number): void {
  series = makeSeries(points, markerCount)
}

/** A day of an auction in seconds, with breaks, and things that happen all day long. */
function makeSeries(points: number, markerCount: number): ReplaySeries {
  const time = Float64Array.from({ length: points }, (_, i) => start + i)
  const isGap = (i: number): boolean => i % 7_200 > 6_900
  const ratio = time.map((_, i) => (isGap(i) ? NaN : 3_200 - (i % 600) * 0.05 + Math.sin(i / 4_000) * 30))
  const outputMax = time.map((_, i) => (isGap(i) ? NaN : 2 - (i % 3_600) / 4_000))
  const markers = Array.from({ length: markerCount }, (_, i): ReplayMarker => {
    const at = Math.floor(((i + 0.5) * points) / markerCount)
    const place = { time: start + at, blockNumber: at, logIndex: 0, transactionHash: '0x' } as const
    if (i % 2 === 0) return { ...place, kind: 'store' }
    return { ...place, kind: 'take', price: floatToHex(parse('3190.5')), amount: floatToHex(parse('0.5')) }
  })
  const columns = {
    time,
    ratio,
    outputMax,
    blockNumber: time,
    result: new Uint32Array(points),
    marks: new Uint8Array(points),
  }
  return { inputIOIndex: 0, outputIOIndex: 0, columns, results: [], markers }
}

/** The stock chart with the same two lines and nothing else. */
export async function paintBare(): Promise<number> {
  const { time, ratio, outputMax } = series.columns
  const plain = (values: Float64Array): (number | null)[] =>
    Array.from(values, (v) => (Number.isNaN(v) ? null : v))
  const data: uPlot.AlignedData = [time, plain(ratio), plain(outputMax)]
  const root = emptyRoot()
  const painted = await painting(() => {
    new uPlot({ ...size, series: [{}, { stroke: 'teal' }, { stroke: 'gray', scale: 'max' }] }, data, root)
  })
  root.remove()
  return painted
}

/** The chart of the replay page, from the replay's own columns. */
export async function paintReplay(): Promise<number> {
  const root = emptyRoot()
  const painted = await painting(() => {
    const nothing = (): void => undefined
    createReplayChart(root, chartProps(series, 'ratio'), { onSeek: nothing, onHover: nothing })
  })
  root.remove()
  return painted
}

let chart: ReplayChart | undefined

/** Paints the chart whose head `scrub` moves. */
export async function prepareScrub(points: number, markerCount: number): Promise<void> {
  prepare(points, markerCount)
  chart?.destroy()
  document.body.replaceChildren()
  const nothing = (): void => undefined
  const root = emptyRoot()
  chart = createReplayChart(root, chartProps(series, 'ratio'), { onSeek: nothing, onHover: nothing })
  for (let i = 0; i < 10; i++) await frame()
}

/** Milliseconds between the frames while the head moves in each, or while nothing is done. */
export async function scrub(frames: number, moves: boolean): Promise<readonly number[]> {
  const points = series.columns.time.length
  const gaps: number[] = []
  let last = await frame()
  for (let i = 0; i < frames; i++) {
    if (moves) chart?.setTime(start + (i / frames) * points, true)
    const now = await frame()
    gaps.push(now - last)
    last = now
  }
  return gaps
}

/** Milliseconds until it is on the screen. */
async function painting(work: () => void): Promise<number> {
  await frame()
  const before = performance.now()
  work()
  await frame()
  await frame()
  return performance.now() - before
}

function frame(): Promise<number> {
  return new Promise(requestAnimationFrame)
}

function emptyRoot(): HTMLElement {
  const root = document.createElement('div')
  root.style.width = `${size.width}px`
  root.style.height = `${size.height}px`
  document.body.append(root)
  return root
}
