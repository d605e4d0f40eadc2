import * as float from '../float/index.ts'
import { FloatError, floatToHex, hexToFloat } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'

/** Every operation recorded from the compiled float library: results, revert names, selectors and arguments. */
export const goldenFloats: GoldenCheck = {
  title: '[FL1] every recorded operation gives the bits, or the error, of the contract',
  file: 'float-vectors.json',
  compare(text) {
    // Recorded data of a documented shape; a row of another one comes out as a difference.
    const rows = JSON.parse(text) as readonly Row[]
    return compareRows(rows)
  },
}

type Row = {
  readonly op: string
  readonly a?: string
  readonly b?: string
  readonly extra?: Readonly<Record<string, string | number>>
  readonly result?: unknown
  readonly error?: unknown
}

function compareRows(rows: readonly Row[]): GoldenResult {
  const differences: string[] = []
  for (const row of rows) {
    const expected = normal(row.error ?? row.result)
    const got = normal(outcome(row))
    if (got !== expected) differences.push(`${JSON.stringify(row)} gave ${got}`)
  }
  return { checked: rows.length, differences }
}

/** What the operation gives, in the notation of the recording. */
function outcome(row: Row): unknown {
  const operation = operations[row.op]
  if (operation === undefined) return `no operation ${row.op}`
  try {
    return operation(row)
  } catch (error) {
    if (!(error instanceof FloatError)) return String(error)
    const { errorName, selector, args } = error
    // Parsing answers with a selector where arithmetic reverts; the recording shows which.
    if (row.op === 'parse' && args.length === 0) return { errorSelector: selector, errorName }
    const shown = args.map((argument) =>
      errorName === 'Panic' ? `0x${argument.toString(16)}` : String(argument),
    )
    return { selector, name: errorName, args: shown }
  }
}

const operations: Readonly<Record<string, (row: Row) => unknown>> = {
  packLossy: (row) => hexed(float.packLossy(extraInteger(row, 'coefficient'), extraNumber(row, 'exponent'))),
  packLossless: (row) =>
    floatToHex(float.packLossless(extraInteger(row, 'coefficient'), extraNumber(row, 'exponent'))),
  unpack: (row) => float.unpack(a(row)),
  minus: (row) => floatToHex(float.minus(a(row))),
  abs: (row) => floatToHex(float.abs(a(row))),
  inv: (row) => floatToHex(float.inv(a(row))),
  isZero: (row) => float.isZero(a(row)),
  add: (row) => floatToHex(float.add(a(row), b(row))),
  sub: (row) => floatToHex(float.sub(a(row), b(row))),
  mul: (row) => floatToHex(float.mul(a(row), b(row))),
  div: (row) => floatToHex(float.div(a(row), b(row))),
  min: (row) => floatToHex(float.min(a(row), b(row))),
  max: (row) => floatToHex(float.max(a(row), b(row))),
  eq: (row) => float.eq(a(row), b(row)),
  lt: (row) => float.lt(a(row), b(row)),
  lte: (row) => float.lte(a(row), b(row)),
  gt: (row) => float.gt(a(row), b(row)),
  gte: (row) => float.gte(a(row), b(row)),
  fromFixedDecimalLossless: (row) =>
    floatToHex(float.fromFixedDecimalLossless(extraInteger(row, 'value'), extraNumber(row, 'decimals'))),
  fromFixedDecimalLossy: (row) =>
    hexed(float.fromFixedDecimalLossy(extraInteger(row, 'value'), extraNumber(row, 'decimals'))),
  toFixedDecimalLossy: (row) => float.toFixedDecimalLossy(a(row), extraNumber(row, 'decimals')),
  format: (row) => float.format(a(row), extraNumber(row, 'limit')),
  parse: (row) => ({ float: floatToHex(float.parse(String(row.extra?.['text']))) }),
}

function a(row: Row): float.Float {
  return hexToFloat(row.a ?? '')
}

function b(row: Row): float.Float {
  return hexToFloat(row.b ?? '')
}

function extraInteger(row: Row, field: string): bigint {
  return BigInt(row.extra?.[field] ?? '')
}

function extraNumber(row: Row, field: string): number {
  return Number(row.extra?.[field])
}

function hexed(packed: { readonly float: float.Float; readonly lossless: boolean }): unknown {
  return { float: floatToHex(packed.float), lossless: packed.lossless }
}

/** One text for one outcome: fields in order, integers as the recording writes them. */
function normal(outcome: unknown): string {
  if (typeof outcome !== 'object' || outcome === null) return JSON.stringify(outcome)
  const sorted = Object.entries(outcome).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify(Object.fromEntries(sorted), (_, value: unknown) =>
    typeof value === 'bigint' || typeof value === 'number' ? String(value) : value,
  )
}
