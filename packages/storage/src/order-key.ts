import { compileField, orderText, type Row, type StoreIndex, type Value } from '@freshet/core'
import { assertStorable } from './storable.ts'

/**
 * A text for a list of values that sorts, by JavaScript's `<`, in the total
 * order of stored values [T7, ST6].
 *
 * Values follow each other and each ends itself, so the key of a shorter list
 * is a prefix of every longer one that starts alike.
 *
 * @throws {FreshetError} `storage/value` (usage) for what no store can keep.
 */
export function orderKey(values: readonly Value[]): string {
  for (const value of values) assertStorable(value)
  return values.map(fieldKey).join('')
}

/** Makes the key of a row in an index; an absent field counts as null. */
export type IndexKey = (row: Row) => string

/** Compiles an index once, to be asked about many rows. The rows must be storable. */
export function compileIndexKey(fields: StoreIndex['fields']): IndexKey {
  const readers = fields.map(compileField)
  return (row) => readers.map((read) => fieldKey(read(row))).join('')
}

/** Null comes first of a field, so that a range can leave it out; inside a value it is last, as in the kernel. */
function fieldKey(value: Value | undefined): string {
  return value === undefined || value === null ? nothing : orderText(value)
}

/** Less than the first unit of every text of `orderText`. */
const nothing = 'a'

/** JavaScript's order of text: by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
