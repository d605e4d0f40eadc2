import { isRecord, type Row, type Value } from '@freshet/core'

/**
 * The value an index keeps for a field: an own field of that very name, else
 * the end of a dotted path into nested records; `null` where there is none.
 */
export function fieldOf(row: Row, field: string): Value {
  if (Object.hasOwn(row, field)) return row[field] ?? null
  if (!field.includes('.')) return null
  let value: Value = row
  for (const name of field.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return null
    value = value[name] ?? null
  }
  return value
}
