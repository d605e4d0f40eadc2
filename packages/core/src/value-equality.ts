import type { ColumnType, ColumnTypes } from './schema.ts'
import { maxDepth } from './order-text.ts'
import { compareValues, textHasSpellings } from './value-order.ts'
import { isRecord, type Row, type Value } from './value.ts'

/**
 * Whether two values mean the same in a column of this type [V4].
 *
 * `"150.00"` equals `150` in a `decimal` column, a `Date` equals its ISO text
 * in a `datetime` column, `2` equals `2n`, `-0` equals `0`, NaN equals NaN.
 * Absent (`undefined`) and `null` are different [V3]. What is nested deeper
 * than 200 levels equals only itself.
 */
export function valuesEqual(a: Value | undefined, b: Value | undefined, type: ColumnType = 'any'): boolean {
  return equalAt(a, b, type, 0)
}

/** Whether two rows have the same fields with equal values, each by its column's type. */
export function rowsEqual(a: Row, b: Row, columns: ColumnTypes = {}): boolean {
  return recordsEqual(a, b, columns, 0)
}

/** The column's type, `any` when it is not named. */
export function columnType(columns: ColumnTypes, field: string): ColumnType {
  return Object.hasOwn(columns, field) ? (columns[field] ?? 'any') : 'any'
}

function equalAt(a: Value | undefined, b: Value | undefined, type: ColumnType, depth: number): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a === null || b === null || depth > maxDepth) return false
  if (typeof a === 'string' && typeof b === 'string' && !textHasSpellings(type)) return false
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, at) => equalAt(item, b[at], 'any', depth + 1))
  }
  if (isRecord(a) && isRecord(b)) return recordsEqual(a, b, {}, depth + 1)
  return compareValues(a, b, type) === 0
}

function recordsEqual(a: Row, b: Row, columns: ColumnTypes, depth: number): boolean {
  let fields = 0
  for (const field in a) {
    const left = a[field]
    // A value is never a function or a prototype, so what is identical is also the other row's own.
    if (left !== b[field]) {
      const right = Object.hasOwn(b, field) ? b[field] : undefined
      if (!equalAt(left, right, columnType(columns, field), depth)) return false
    }
    fields++
  }
  for (const _ in b) fields--
  return fields === 0
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
