import { valuesEqual, type Row } from '@freshet/core'
import { columnType } from './master-schema.ts'
import type { Guard, TableSchema } from './master.ts'

/**
 * Whether a write based on these values may go ahead on this row.
 *
 * A guard on a row that is not there never holds, and no guard always does.
 */
export function guardHolds(guard: Guard | undefined, row: Row | undefined, schema: TableSchema): boolean {
  if (guard === undefined) return true
  if (row === undefined) return false
  return Object.entries(guard).every(([field, expected]) => {
    const actual = Object.hasOwn(row, field) ? row[field] : undefined
    if (expected === undefined || actual === undefined) return expected === actual
    return valuesEqual(actual, expected, columnType(schema, field))
  })
}
