/** Round numbers between two values, about as many as asked for. */
export function niceTicks(low: number, high: number, count: number): readonly number[] {
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const ticks: number[] = []
  // Counted, because adding steps would add up their errors.
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(12)))
  return ticks
}

const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400,
]

/** Whole seconds, minutes, hours or days between two times. */
export function timeTicks(from: number, to: number): readonly number[] {
  const rough = (to - from) / 8
  const step = timeSteps.find((seconds) => seconds >= rough) ?? Math.ceil(rough / 86_400) * 86_400
  const ticks: number[] = []
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick)
  return ticks
}
