/**
 * The path of a line that holds each value until the next, with breaks where there is none.
 *
 * However many points there are, a pixel column gets four at most: its first, lowest, highest and last.
 */
export function stepPath(
  times: Float64Array,
  values: Float64Array,
  x: (second: number) => number,
  y: (value: number) => number,
): string {
  let path = ''
  let column: Column | undefined
  const flush = (): void => {
    if (column === undefined) return
    const { at, first, low, high, last, isStart } = column
    path += isStart ? `M${at} ${first}` : `H${at}V${first}`
    if (low !== first || high !== first) path += `V${low}V${high}`
    if (last !== high) path += `V${last}`
    column = undefined
  }
  let isBroken = true
  for (let i = 0; i < times.length; i++) {
    const value = values[i] ?? NaN
    if (!Number.isFinite(value)) {
      // The last value holds until here.
      if (!isBroken) {
        flush()
        path += `H${tenth(x(times[i] ?? 0))}`
      }
      isBroken = true
      continue
    }
    const [at, height] = [tenth(x(times[i] ?? 0)), tenth(y(value))]
    if (column !== undefined && Math.floor(column.at) === Math.floor(at) && !isBroken) {
      column.low = Math.min(column.low, height)
      column.high = Math.max(column.high, height)
      column.last = height
      continue
    }
    flush()
    column = { at, first: height, low: height, high: height, last: height, isStart: isBroken }
    isBroken = false
  }
  flush()
  return path
}

type Column = {
  readonly at: number
  readonly first: number
  low: number
  high: number
  last: number
  readonly isStart: boolean
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
