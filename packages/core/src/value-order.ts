import { parseDecimal } from './decimal-parts.ts'
import { parseInstant } from './instant.ts'
import { codePointRank, orderText } from './order-text.ts'
import type { ColumnType } from './schema.ts'
import { Tagged, type Tag, type Value } from './value.ts'

/**
 * Orders any two values: negative, zero or positive [V4].
 *
 * Total: values of different families have a fixed order (booleans, numbers,
 * texts, instants, uuids, record ids, durations, bytes, arrays, records), null
 * and absent come last. Within a family the order is that of the meaning:
 * numbers of all kinds by exact value with NaN after infinity, instants by time
 * to any fraction of a second, texts by code point. `type` decides what a text
 * stands for: a number in a `decimal` column, an instant in a `datetime`.
 */
export function compareValues(a: Value | undefined, b: Value | undefined, type: ColumnType = 'any'): number {
  if (a === b) return 0
  return compareAlike(a, b, type) ?? comparePlain(placed(a, type), placed(b, type))
}

/**
 * As `compareValues`, but `undefined` when an order between the two says
 * nothing: one is null or absent, or they are of different families.
 */
export function compareComparable(
  a: Value | undefined,
  b: Value | undefined,
  type: ColumnType = 'any',
): number | undefined {
  if (a === null || a === undefined || b === null || b === undefined) return undefined
  const sign = compareAlike(a, b, type)
  if (sign !== undefined) return sign
  const left = placed(a, type)
  const right = placed(b, type)
  return left[0] === right[0] ? comparePlain(left, right) : undefined
}

/** Whether a text in such a column stands for something that has several spellings. */
export function textHasSpellings(type: ColumnType): boolean {
  return tagOfColumn[type] !== undefined
}

/** The value that a text stands for in a column of this type; every other value as it is. */
export function meaning<V extends Value | undefined>(value: V, type: ColumnType): V | Tagged {
  const tag = tagOfColumn[type]
  if (tag === undefined || typeof value !== 'string') return value
  if (tag === 'decimal' && parseDecimal(value) === undefined) return value
  if (tag === 'datetime' && parseInstant(value) === undefined) return value
  return new Tagged(tag, value)
}

const tagOfColumn: { readonly [type in ColumnType]?: Tag } = {
  int: 'decimal',
  float: 'decimal',
  decimal: 'decimal',
  datetime: 'datetime',
  uuid: 'uuid',
  recordId: 'recordId',
  duration: 'duration',
}

function placed(value: Value | undefined, type: ColumnType): string {
  return orderText(meaning(value, type))
}

/** Two values of one type that JavaScript itself can order; `undefined` for others. */
function compareAlike(a: Value | undefined, b: Value | undefined, type: ColumnType): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return comparePlain(a, b)
  if (typeof a === 'bigint' && typeof b === 'bigint') return comparePlain(a, b)
  if (typeof a === 'string' && typeof b === 'string') {
    return textHasSpellings(type) ? undefined : compareTexts(a, b)
  }
  return a instanceof Date && b instanceof Date ? comparePlain(a.getTime(), b.getTime()) : undefined
}

/** By JavaScript's order; NaN is behind every number and equals itself. */
function comparePlain<T extends number | bigint | string>(a: T, b: T): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** By code point: that differs from JavaScript's order only where a surrogate meets a unit above them. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const unitA = a.charCodeAt(at)
    const unitB = b.charCodeAt(at)
    if (unitA !== unitB) return codePointRank(unitA) - codePointRank(unitB)
  }
  return a.length - b.length
}
