import type uPlot from 'uplot'
import type { ChartInk } from './chart-ink.ts'
import type { ChartMarker, ChartProps } from './chart-props.ts'

const flagHeight = 8
const dotRadius = 4

/** Draws what happened over the line: flags at the foot, dots where trades were made, a bar over marked points. */
export function drawMarkers(chart: uPlot, props: ChartProps, ink: ChartInk): void {
  const { ctx, bbox } = chart
  const ratio = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  drawMarked(chart, props, ink, ratio)
  const foot = bbox.top + bbox.height
  for (const { kind, time } of backToFront(props.markers)) {
    const at = chart.valToPos(time, 'x', true)
    ctx.fillStyle = ink.markers[kind]
    ctx.beginPath()
    ctx.moveTo(at, foot - flagHeight * ratio)
    ctx.lineTo(at + (flagHeight / 2) * ratio, foot)
    ctx.lineTo(at - (flagHeight / 2) * ratio, foot)
    ctx.fill()
  }
  for (const { kind, time, price } of props.markers) {
    if (price === undefined) continue
    ctx.fillStyle = ink.markers[kind]
    ctx.beginPath()
    const [at, height] = [chart.valToPos(time, 'x', true), chart.valToPos(price, 'y', true)]
    ctx.arc(at, height, dotRadius * ratio, 0, 2 * Math.PI)
    ctx.fill()
  }
  ctx.restore()
}

/** Store writes go with nearly every other event of their second, which must not be hidden by them. */
function backToFront(markers: readonly ChartMarker[]): readonly ChartMarker[] {
  const isStore = ({ kind }: ChartMarker): boolean => kind === 'store'
  return [...markers.filter(isStore), ...markers.filter((marker) => !isStore(marker))]
}

/** The marker nearest to a place of the plot, within reach of a pointer. */
export function markerAt(
  chart: uPlot,
  markers: readonly ChartMarker[],
  left: number,
  top: number,
): ChartMarker | undefined {
  const reach = 8
  let [nearest, distance]: [ChartMarker | undefined, number] = [undefined, reach]
  for (const marker of backToFront(markers)) {
    const across = Math.abs(chart.valToPos(marker.time, 'x') - left)
    if (across > reach) continue
    const height = marker.price === undefined ? chart.over.clientHeight : chart.valToPos(marker.price, 'y')
    const toFlag = Math.hypot(across, chart.over.clientHeight - top)
    const away = Math.min(Math.hypot(across, height - top), toFlag)
    if (away <= distance) [nearest, distance] = [marker, away]
  }
  return nearest
}

function drawMarked(chart: uPlot, { markedSpans }: ChartProps, ink: ChartInk, ratio: number): void {
  chart.ctx.fillStyle = ink.marked
  for (const { from, to } of markedSpans) {
    const [left, right] = [chart.valToPos(from, 'x', true), chart.valToPos(to, 'x', true)]
    chart.ctx.fillRect(left, chart.bbox.top, Math.max(ratio, right - left), 4 * ratio)
  }
}
