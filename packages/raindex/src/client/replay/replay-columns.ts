import type { Bytes32, NotComparable, QuoteOutcome } from '../../engine/index.ts'
import { floatToHex, hexToFloat, unpack } from '../../float/index.ts'
import type { MarkBits } from './point-marks.ts'

/** Why there is no quote at a point. */
export type ReplayGap = NotComparable | { readonly kind: 'BeyondHistory' }

/** What a point says; equal ones of a series are kept once. Words are floats bit for bit. */
export type ReplayResult =
  | { readonly kind: 'quote'; readonly ioRatio: Bytes32; readonly outputMax: Bytes32 }
  | { readonly kind: 'gap'; readonly reason: ReplayGap }

/** Points as columns, the first at `from`, each a step after the one before. */
export type ReplayColumns = {
  /** Seconds since 1970. */
  readonly time: Float64Array
  /** The newest block then. */
  readonly blockNumber: Float64Array
  /** The nearest number to the ratio; NaN where there is no quote. */
  readonly ratio: Float64Array
  readonly outputMax: Float64Array
  /** Index into the series' results. */
  readonly result: Uint32Array
  /** Bits of `pointMarks`. */
  readonly marks: Uint8Array
}

/** Fills columns of points and their results. */
export type ColumnsWriter = {
  readonly columns: ReplayColumns
  readonly results: readonly ReplayResult[]
  /** The index of a result among the results. */
  intern(result: ReplayResult): number
  write(at: number, time: number, blockNumber: number, result: number, marks: MarkBits): void
}

export function createColumns(length: number): ColumnsWriter {
  const columns: ReplayColumns = {
    time: new Float64Array(length),
    blockNumber: new Float64Array(length),
    ratio: new Float64Array(length),
    outputMax: new Float64Array(length),
    result: new Uint32Array(length),
    marks: new Uint8Array(length),
  }
  const results: ReplayResult[] = []
  const numbers: (readonly [ratio: number, outputMax: number])[] = []
  const known = new Map<string, number>()
  return {
    columns,
    results,
    intern(result) {
      const key = keyOf(result)
      const index = known.get(key)
      if (index !== undefined) return index
      known.set(key, results.length)
      numbers.push(
        result.kind === 'quote' ? [numberOf(result.ioRatio), numberOf(result.outputMax)] : [NaN, NaN],
      )
      return results.push(result) - 1
    },
    write(at, time, blockNumber, result, marks) {
      columns.time[at] = time
      columns.blockNumber[at] = blockNumber
      columns.ratio[at] = numbers[result]?.[0] ?? NaN
      columns.outputMax[at] = numbers[result]?.[1] ?? NaN
      columns.result[at] = result
      columns.marks[at] = marks
    },
  }
}

/** What is kept of a quote's outcome. */
export function resultOf(outcome: QuoteOutcome): ReplayResult {
  if (outcome.kind === 'not-comparable') return { kind: 'gap', reason: outcome.reason }
  return {
    kind: 'quote',
    ioRatio: floatToHex(outcome.ioRatio),
    outputMax: floatToHex(outcome.outputMax),
  }
}

/** Columns one after the other, as if they had been written in one. */
export function joinColumns(
  parts: readonly { readonly columns: ReplayColumns; readonly results: readonly ReplayResult[] }[],
): { readonly columns: ReplayColumns; readonly results: readonly ReplayResult[] } {
  const joined = createColumns(parts.reduce((sum, { columns }) => sum + columns.time.length, 0))
  let at = 0
  for (const { columns, results } of parts) {
    const indexes: (number | undefined)[] = []
    for (let i = 0; i < columns.time.length; i++) {
      const own = columns.result[i] ?? 0
      const result = results[own]
      if (result === undefined) continue
      const index = (indexes[own] ??= joined.intern(result))
      joined.write(at++, columns.time[i] ?? NaN, columns.blockNumber[i] ?? NaN, index, columns.marks[i] ?? 0)
    }
  }
  return { columns: joined.columns, results: joined.results }
}

/** The number nearest to a float, for charts. */
export function numberOf(word: Bytes32): number {
  const { coefficient, exponent } = unpack(hexToFloat(word))
  return Number(`${coefficient}e${exponent}`)
}

function keyOf(result: ReplayResult): string {
  if (result.kind === 'quote') return `${result.ioRatio}${result.outputMax}`
  return JSON.stringify(result.reason, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
}
