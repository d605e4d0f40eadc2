import uPlot from 'uplot'
import { axisTexts } from './axis-texts.ts'
import { readInk, type ChartInk } from './chart-ink.ts'
import { pointAt, type ChartMarker, type ChartProps } from './chart-props.ts'
import { drawMarkers, markerAt } from './draw-markers.ts'
import { createRevealedRanges, type Range, type RevealedRanges, type ShownRanges } from './revealed-range.ts'
import { stepPath } from './step-path-builder.ts'

/** What stands under the pointer. */
export type ChartHover = {
  readonly time: number
  /** NaN where there is no quote. */
  readonly ratio: number
  readonly outputMax: number
  readonly marker: ChartMarker | undefined
}

export type ReplayChartOptions = {
  /** A place in the plot was chosen. */
  readonly onSeek: (time: number) => void
  readonly onHover: (hover: ChartHover | undefined) => void
}

/** A chart in a page: the ratio with what happened, and the maximum output below it. */
export type ReplayChart = {
  /**
   * Moves the play head. Draws nothing anew: the line under it stays as it is, unless what comes later is hidden and
   * the scale has to grow.
   */
  setTime(time: number, hidesLater: boolean): void
  setSize(width: number, height: number): void
  /** Draws with the colours that the page has now. */
  repaint(): void
  /** What is seen, as a picture. */
  toPng(): Promise<Blob>
  destroy(): void
}

const shareOfRatio = 0.68
const axisWidth = 72
/** Half of a time of day with its seconds, which may stand at the very end. */
const roomAtEnd = 32

/**
 * Makes the chart in an element.
 *
 * @param root - Holds the colour probes of `chart-ink.ts`.
 */
export function createReplayChart(
  root: HTMLElement,
  props: ChartProps,
  { onSeek, onHover }: ReplayChartOptions,
): ReplayChart {
  let ink = readInk(root)
  let size: Size = { width: root.clientWidth || 600, height: root.clientHeight || 300 }
  let sizes = paneSizes(size)
  const panes: uPlot[] = []
  const heads: PlayHead[] = []
  let head = { time: props.times[0] ?? 0, hidesLater: false }
  const whole: ShownRanges = { ratio: props.ratioRange ?? [0, 1], output: props.outputRange }
  let revealed: RevealedRanges | undefined
  let ranges = whole
  const rescale = (): void => {
    if (head.hidesLater) revealed ??= createRevealedRanges(props)
    const before = ranges
    ranges = head.hidesLater && revealed !== undefined ? revealed(head.time) : whole
    setRange(panes[0], before.ratio, ranges.ratio)
    setRange(panes[1], before.output, ranges.output)
  }
  const place = (): void => heads.forEach((each) => each.place(head.time, head.hidesLater))
  const isHidden = (time: number): boolean => head.hidesLater && time > head.time

  const hover = (chart: uPlot): void => {
    const { left = -1, top = -1 } = chart.cursor
    if (left < 0) return onHover(undefined)
    const time = chart.posToVal(left, 'x')
    if (isHidden(time)) return onHover(undefined)
    const at = pointAt(props.times, time)
    const marker = chart === panes[0] ? markerAt(chart, props.markers, left, top) : undefined
    onHover({
      time: props.times[at] ?? time,
      ratio: props.ratio[at] ?? NaN,
      outputMax: props.outputMax[at] ?? NaN,
      marker: marker !== undefined && isHidden(marker.time) ? undefined : marker,
    })
  }
  const follow = (chart: uPlot, scale: string): void => {
    if (scale !== 'x') return
    const { min, max } = chart.scales['x'] ?? {}
    const other = panes.find((pane) => pane !== chart)
    if (other === undefined || typeof min !== 'number' || typeof max !== 'number') return
    const same = other.scales['x']
    if (same?.min !== min || same.max !== max) other.setScale('x', { min, max })
  }
  const hooks = (draw: (chart: uPlot) => void): uPlot.Hooks.Arrays => ({
    draw: [draw, place],
    setCursor: [hover],
    setScale: [follow],
  })
  const sync = {
    key: uPlot.sync(`replay ${++charts}`).key,
    setSeries: false,
    scales: ['x', null] as [string, null],
  }
  const upper = new uPlot(
    {
      ...paneOptions(sizes[0], () => ink, [props.label, pairOf(props.label)], 'line', sync),
      scales: { x: { time: true }, y: { auto: false, range: () => [...ranges.ratio] } },
      hooks: hooks((chart) => drawMarkers(chart, props, ink)),
    },
    [props.times, props.ratio],
    root,
  )
  const lower = new uPlot(
    {
      ...paneOptions(sizes[1], () => ink, ['maximum output', 'at most'], 'max', sync),
      scales: { x: { time: true }, y: { auto: false, range: () => [...ranges.output] } },
      hooks: hooks(() => {}),
    },
    [props.times, props.outputMax],
    root,
  )
  panes.push(upper, lower)
  for (const pane of panes) {
    heads.push(createPlayHead(pane))
    seekOnClick(pane, onSeek)
  }
  place()
  return {
    setTime(time, hidesLater) {
      head = { time, hidesLater }
      rescale()
      place()
    },
    setSize(width, height) {
      if (width === size.width && height === size.height) return
      size = { width, height }
      sizes = paneSizes(size)
      upper.setSize(sizes[0])
      lower.setSize(sizes[1])
    },
    repaint() {
      ink = readInk(root)
      for (const pane of panes) pane.redraw(false)
    },
    toPng: () => picture(panes, getComputedStyle(root).backgroundColor, head),
    destroy() {
      for (const pane of panes) pane.destroy()
    },
  }
}

let charts = 0

function setRange(pane: uPlot | undefined, before: Range, [min, max]: Range): void {
  // Drawing the line anew is what must not happen for each step of the head.
  if (before[0] !== min || before[1] !== max) pane?.setScale('y', { min, max })
}

type Size = { readonly width: number; readonly height: number }

/** What the panes take of the whole. */
function paneSizes({ width, height }: Size): readonly [ratio: Size, max: Size] {
  const ratioHeight = Math.round(height * shareOfRatio)
  return [
    { width, height: ratioHeight },
    { width, height: height - ratioHeight },
  ]
}

function paneOptions(
  size: Size,
  ink: () => ChartInk,
  labels: readonly string[],
  stroke: 'line' | 'max',
  sync: uPlot.Cursor.Sync,
): Omit<uPlot.Options, 'scales'> {
  const axis = {
    stroke: () => ink().text,
    grid: { stroke: () => ink().grid, width: 1 },
    ticks: { show: false },
  }
  return {
    ...size,
    padding: [null, roomAtEnd, null, null],
    tzDate: (second) => uPlot.tzDate(new Date(second * 1_000), 'Etc/UTC'),
    legend: { show: false },
    // Points at the pointer would show what is hidden.
    cursor: { sync, points: { show: false }, drag: { x: true, y: false } },
    series: [
      {},
      {
        label: labels[0] ?? '',
        stroke: () => ink()[stroke],
        width: 1.5,
        paths: stepPath,
        points: { show: false },
      },
    ],
    axes: [
      { ...axis, values: (_, splits) => splits.map(clockText), size: 30 },
      {
        ...{ ...axis, label: longestThatFits(labels), size: axisWidth },
        values: (_chart, splits, _axis, _space, step) => [...axisTexts(splits, step)],
      },
    ],
  }
}

/** Without the name of the order, which stands above the chart too. */
function pairOf(label: string): string {
  const at = label.lastIndexOf(': ')
  return at < 0 ? label : label.slice(at + 2)
}

/** Along a pane that may be low; the shortest where none fits. */
function longestThatFits(labels: readonly string[]): uPlot.Axis.Label {
  // It is drawn right after this, so that its font is set.
  return ({ ctx, bbox }) =>
    labels.find((label) => ctx.measureText(label).width <= bbox.height) ?? labels.at(-1) ?? ''
}

/** Hours and minutes in UTC, and seconds where there are any; the day at midnight. */
function clockText(second: number): string {
  const text = new Date(second * 1_000).toISOString()
  if (second % 86_400 === 0) return text.slice(5, 10)
  return second % 60 === 0 ? text.slice(11, 16) : text.slice(11, 19)
}

type PlayHead = { place(time: number, hidesLater: boolean): void }

/** A line over the plot, and a curtain to the right of it. */
function createPlayHead(chart: uPlot): PlayHead {
  const line = document.createElement('div')
  const curtain = document.createElement('div')
  line.className = 'replay-head'
  curtain.className = 'replay-curtain'
  chart.over.append(curtain, line)
  return {
    place(time, hidesLater) {
      // Not the element's own width, which would make the browser lay out the page.
      const width = chart.bbox.width / devicePixelRatio
      const left = Math.max(-2, Math.min(width + 2, chart.valToPos(time, 'x')))
      // Moved by the compositor, so that nothing is laid out or drawn anew.
      line.style.transform = `translateX(${left}px)`
      curtain.style.transform = `translateX(${left}px)`
      curtain.hidden = !hidesLater
    },
  }
}

const leastDrag = 4

function seekOnClick(chart: uPlot, onSeek: (time: number) => void): void {
  let pressedAt = 0
  chart.over.addEventListener('mousedown', ({ clientX }) => void (pressedAt = clientX))
  chart.over.addEventListener('click', ({ clientX }) => {
    // A drag has chosen a range.
    if (Math.abs(clientX - pressedAt) >= leastDrag) return
    onSeek(chart.posToVal(clientX - chart.over.getBoundingClientRect().left, 'x'))
  })
}

async function picture(
  panes: readonly uPlot[],
  paper: string,
  { time, hidesLater }: { readonly time: number; readonly hidesLater: boolean },
): Promise<Blob> {
  const canvases = panes.map((pane) => pane.ctx.canvas)
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(...canvases.map(({ width }) => width))
  canvas.height = canvases.reduce((sum, { height }) => sum + height, 0)
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('This browser gives no canvas to draw the picture on.')
  context.fillStyle = paper
  context.fillRect(0, 0, canvas.width, canvas.height)
  let top = 0
  for (const pane of panes) {
    context.drawImage(pane.ctx.canvas, 0, top)
    if (hidesLater) {
      const { bbox } = pane
      const left = Math.max(bbox.left, pane.valToPos(time, 'x', true))
      // Over the edges of the plot too, as the curtain of the page.
      const edge = 3 * devicePixelRatio
      context.fillRect(left, top + bbox.top - edge, canvas.width - left, bbox.height + 2 * edge)
    }
    top += pane.ctx.canvas.height
  }
  const { promise, resolve, reject } = Promise.withResolvers<Blob>()
  canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture is too large.')) : resolve(blob)))
  return promise
}
