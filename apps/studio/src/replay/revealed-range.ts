import type { ChartProps } from './chart-props.ts'

export type Range = readonly [low: number, high: number]

export type ShownRanges = { readonly ratio: Range; readonly output: Range }

/** The scales of what has been shown up to a time. */
export type RevealedRanges = (time: number) => ShownRanges

/**
 * Scales that say nothing about what comes later.
 *
 * They are rounded outwards, so that they stay as they are for most points and the chart is seldom drawn anew.
 */
export function createRevealedRanges({ times, ratio, outputMax, markers }: ChartProps): RevealedRanges {
  const lows = runningBest(ratio, (value, best) => value < best, Infinity)
  const highs = runningBest(ratio, (value, best) => value > best, -Infinity)
  const mosts = runningBest(outputMax, (value, best) => value > best, 0)
  return (time) => {
    const at = lastAt(times, time)
    let [low, high] = [lows[at] ?? Infinity, highs[at] ?? -Infinity]
    for (const { time: when, price = NaN } of markers) {
      if (when > time) break
      if (price < low) low = price
      if (price > high) high = price
    }
    const most = mosts[at] ?? 0
    return {
      ratio: low > high ? [0, 1] : rounded(low, high),
      output: [0, most > 0 ? rounded(0, most)[1] : 1],
    }
  }
}

function runningBest(
  values: Float64Array,
  isBetter: (value: number, best: number) => boolean,
  worst: number,
): Float64Array {
  const running = new Float64Array(values.length)
  let best = worst
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN
    // What is no number is never better.
    if (isBetter(value, best)) best = value
    running[i] = best
  }
  return running
}

/** To the steps of a tenth to a whole of their distance, with at least one below and above. */
function rounded(low: number, high: number): Range {
  const distance = high - low || Math.abs(high) / 50 || 1
  const step = 10 ** Math.floor(Math.log10(distance))
  return [(Math.ceil(low / step) - 1) * step, (Math.floor(high / step) + 1) * step]
}

function lastAt(times: Float64Array, time: number): number {
  const [first = 0, second = first + 1] = times
  return Math.min(times.length - 1, Math.floor((time - first) / Math.max(1, second - first)))
}
