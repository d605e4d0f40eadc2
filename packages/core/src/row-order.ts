import { parseDecimal } from './decimal-parts.ts'
import { usageError } from './errors.ts'
import { dateInstant, parseInstant, type Instant } from './instant.ts'
import { codePointRank } from './order-text.ts'
import { compileField } from './predicate.ts'
import type { OrderTerm } from './query.ts'
import type { ColumnType, ColumnTypes } from './schema.ts'
import { columnType } from './value-equality.ts'
import { compareValues, meaning } from './value-order.ts'
import { Tagged, type Row, type Value } from './value.ts'

/** Orders two rows of a collection; zero only for the same id. */
export type RowComparator = (rowA: Row, idA: string, rowB: Row, idB: string) => number

/**
 * Compiles an order once, to be asked about many rows [Q2].
 *
 * Null and absent come last in both directions. Ties, and everything when no
 * order is given, are broken by id, ascending by UTF-16 code unit: code points,
 * by which databases sort, took ten times as long for ids that begin alike.
 *
 * @throws {FreshetError} `query/bad-order`: a direction other than `asc` and `desc`.
 */
export function compileOrder(order: readonly OrderTerm[] = [], columns: ColumnTypes = {}): RowComparator {
  const terms = order.map((term) => compileTerm(term, columns))
  return (rowA, idA, rowB, idB) => {
    for (const term of terms) {
      const sign = term(rowA, rowB)
      if (sign !== 0) return sign
    }
    if (idA === idB) return 0
    return idA < idB ? -1 : 1
  }
}

function compileTerm(term: OrderTerm, columns: ColumnTypes): (a: Row, b: Row) => number {
  const read = compileField(term.field)
  const type = columnType(columns, term.field)
  const direction = signOf(term)
  return (rowA, rowB) => compareTerm(read(rowA), read(rowB), type, direction)
}

function signOf({ direction, field }: OrderTerm): 1 | -1 {
  if (direction === 'asc') return 1
  if (direction === 'desc') return -1
  throw usageError(
    'query/bad-order',
    `The direction of ${JSON.stringify(field)} is ${JSON.stringify(direction)}; take asc or desc.`,
  )
}

function compareTerm(
  a: Value | undefined,
  b: Value | undefined,
  type: ColumnType,
  direction: 1 | -1,
): number {
  if (typeof a === 'number' && typeof b === 'number' && a !== b && a - b === a - b) {
    return a < b ? -direction : direction
  }
  const absentA = a === null || a === undefined
  const absentB = b === null || b === undefined
  if (absentA || absentB) return Number(absentA) - Number(absentB)
  return direction * compareValues(a, b, type)
}

/**
 * Compiles a number that stands for a row's place: `key(a) < key(b)` implies
 * that `a` is before `b`; equal keys leave it to the comparator.
 *
 * Kept inline in the ordered index, it spares a search most visits to rows,
 * which are cache misses. Lossy on purpose: very large numbers, long texts and
 * nested values share keys.
 */
export function compileSortKey(
  order: readonly OrderTerm[] = [],
  columns: ColumnTypes = {},
): (row: Row) => number {
  const [term] = order
  if (term === undefined) return () => 0
  const read = compileField(term.field)
  const type = columnType(columns, term.field)
  const direction = signOf(term)
  return (row) => {
    const value = read(row)
    if (typeof value === 'number' && value > -largestNumber && value < largestNumber) return value * direction
    return value === null || value === undefined ? Infinity : placeOf(meaning(value, type)) * direction
  }
}

// Numbers keep themselves; the families after them share the doubles above.
const largestNumber = 1e300

function placeOf(value: Value): number {
  if (typeof value === 'boolean') return value ? -2e300 : -3e300
  if (typeof value === 'string') return largestNumber + textPrefix(value) * 1e285
  if (value instanceof Date) return placeOfInstant(dateInstant(value))
  if (typeof value !== 'object') return placeOfNumber(Number(value))
  if (!(value instanceof Tagged)) return 5e300
  if (value.tag === 'datetime') return placeOfInstant(parseInstant(value.text))
  if (value.tag !== 'decimal') return 5e300
  return placeOfNumber(parseDecimal(value.text) ? Number(value.text) : NaN)
}

function placeOfInstant(instant: Instant | undefined): number {
  // What cannot be read as an instant comes behind the latest, which is below 1e16 ms.
  return 3e300 + (instant?.second ?? 1e16) * 1e284
}

function placeOfNumber(value: number): number {
  if (Number.isNaN(value)) return largestNumber
  return Math.max(-largestNumber, Math.min(largestNumber, value))
}

/** The first three UTF-16 units as one number: 48 bits in steps that a double near 1e300 can tell apart. */
function textPrefix(text: string): number {
  const unit = (at: number): number => (at < text.length ? codePointRank(text.charCodeAt(at)) : 0)
  return (unit(0) * 65_536 + unit(1)) * 65_536 + unit(2)
}
