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
  /** Writes the same result to the points from one to before another. Times and blocks are the caller's to fill. */
  fill(start: number, end: number, result: number, marks: MarkBits): void
}

export function createColumns(length: number): ColumnsWriter {
  const columns = emptyColumns(length)
  const results: ReplayResult[] = []
  const numbers: (readonly [ratio: number, outputMax: number])[] = []
  // Most quotes of an order offer the same.
  let [lastMax, lastMaxNumber]: [Bytes32, number] = ['0x', NaN]
  const maxNumber = (word: Bytes32): number => {
    if (word !== lastMax) [lastMax, lastMaxNumber] = [word, numberOf(word)]
    return lastMaxNumber
  }
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
        result.kind === 'quote' ? [numberOf(result.ioRatio), maxNumber(result.outputMax)] : [NaN, NaN],
      )
      return results.push(result) - 1
    },
    fill(start, end, result, marks) {
      columns.ratio.fill(numbers[result]?.[0] ?? NaN, start, end)
      columns.outputMax.fill(numbers[result]?.[1] ?? NaN, start, end)
      columns.result.fill(result, start, end)
      columns.marks.fill(marks, start, end)
    },
  }
}

/** All in one buffer, which is made, and sent to another thread, at once. */
function emptyColumns(length: number): ReplayColumns {
  const buffer = new ArrayBuffer(length * (4 * 8 + 4 + 1))
  const wide = (at: number): Float64Array => new Float64Array(buffer, at * 8 * length, length)
  return {
    time: wide(0),
    blockNumber: wide(1),
    ratio: wide(2),
    outputMax: wide(3),
    result: new Uint32Array(buffer, 4 * 8 * length, length),
    marks: new Uint8Array(buffer, (4 * 8 + 4) * length, length),
  }
}

/** What is kept of a quote's outcome. */
export function resultOf(outcome: QuoteOutcome): ReplayResult {
  if (outcome.kind === 'not-comparable') return { kind: 'gap', reason: outcome.reason }
  // The stack holds both as words already.
  const { stack, ioRatio, outputMax } = outcome
  return {
    kind: 'quote',
    ioRatio: stack[0] ?? floatToHex(ioRatio),
    outputMax: stack[1] ?? floatToHex(outputMax),
  }
}

/** Columns one after the other, as if they had been written in one. */
export function joinColumns(
  parts: readonly { readonly columns: ReplayColumns; readonly results: readonly ReplayResult[] }[],
): { readonly columns: ReplayColumns; readonly results: readonly ReplayResult[] } {
  const joined = createColumns(parts.reduce((sum, { columns }) => sum + columns.time.length, 0))
  let at = 0
  for (const { columns, results } of parts) {
    joined.columns.time.set(columns.time, at)
    joined.columns.blockNumber.set(columns.blockNumber, at)
    // Results come in the order of their first points, in the parts as in the whole.
    const indexes = results.map(joined.intern)
    for (let i = 0; i < columns.time.length; i++, at++) {
      joined.fill(at, at + 1, indexes[columns.result[i] ?? 0] ?? 0, columns.marks[i] ?? 0)
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
