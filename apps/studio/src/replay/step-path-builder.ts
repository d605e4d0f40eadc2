import type uPlot from 'uplot'

/**
 * Draws a line that holds each value until the next, with breaks where there is none.
 *
 * A pixel column gets its first, lowest, highest and last value and no more, so that a day of seconds is drawn as
 * fast as a minute.
 */
export const stepPath: uPlot.Series.PathBuilder = (chart, seriesIndex, first, last) => {
  const stroke = new Path2D()
  const [times] = chart.data
  const values = chart.data[seriesIndex] ?? []
  const scale = chart.series[seriesIndex]?.scale ?? 'y'
  const x = pixelsOf(chart, 'x')
  const y = pixelsOf(chart, scale)
  /** The open pixel column; NaN outside a line. */
  let [column, low, high, end] = [NaN, 0, 0, 0]
  const flush = (): void => {
    if (low !== high) {
      stroke.lineTo(column, low)
      stroke.lineTo(column, high)
      stroke.lineTo(column, end)
    }
  }
  for (let i = first; i <= last; i++) {
    const value = values[i] ?? NaN
    const at = Math.round(x(times[i] ?? 0))
    if (Number.isNaN(value)) {
      if (!Number.isNaN(column)) {
        flush()
        // The last value holds until here.
        stroke.lineTo(at, end)
      }
      column = NaN
      continue
    }
    const height = y(value)
    if (at === column) {
      if (height < low) low = height
      if (height > high) high = height
      end = height
      continue
    }
    if (Number.isNaN(column)) {
      stroke.moveTo(at, height)
    } else {
      flush()
      stroke.lineTo(at, end)
      stroke.lineTo(at, height)
    }
    column = at
    low = high = end = height
  }
  if (!Number.isNaN(column)) flush()
  return { stroke, fill: null }
}

/** From a value to a pixel of the canvas, without the look-ups that the chart's own function makes for each. */
function pixelsOf(chart: uPlot, scale: string): (value: number) => number {
  const { min = 0, max = 1 } = chart.scales[scale] ?? {}
  const low = chart.valToPos(min ?? 0, scale, true)
  const perUnit = (chart.valToPos(max ?? 1, scale, true) - low) / ((max ?? 1) - (min ?? 0) || 1)
  return (value) => low + (value - (min ?? 0)) * perUnit
}
