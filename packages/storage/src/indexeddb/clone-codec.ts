import { isRecord, Tagged, type Row, type Tag, type Value } from '@freshet/core'
import { copyRow } from '../storable.ts'

/**
 * A row as structured clone keeps it exactly [ST8].
 *
 * Structured clone keeps all values but `Tagged`, which it would strip of its
 * class. Those become a `Map`, which no row can hold, so nothing is ambiguous.
 */
export type ClonedRow = {
  readonly value: unknown
  /** Whether maps stand for tagged values somewhere inside; absent: read it as it is. */
  readonly tagged?: true
}

/** @throws {FreshetError} `storage/value` (usage) for what no store can keep. */
export function toClonedRow(row: Row): ClonedRow {
  let tagged = false
  const value = copyRow(row, ({ tag, text }) => {
    tagged = true
    // Only structured clone sees the copy, which holds maps in place of tagged values.
    return new Map([[tag, text]]) as unknown as Value
  })
  return tagged ? { value, tagged } : { value }
}

export function fromClonedRow({ value, tagged }: ClonedRow): Row {
  // Written by `toClonedRow` alone, which starts with a record.
  return (tagged === true ? fromCloned(value) : value) as Row
}

function fromCloned(value: unknown): Value {
  if (value instanceof Map) return fromMap(value)
  if (Array.isArray(value)) return value.map(fromCloned)
  // What remains went in as a value and structured clone kept it.
  const kept = value as Value
  if (!isRecord(kept)) return kept
  // Fields are own ones whatever their name [V5].
  return Object.fromEntries(Object.entries(kept).map(([field, inner]) => [field, fromCloned(inner)]))
}

function fromMap(map: ReadonlyMap<unknown, unknown>): Tagged {
  const [entry] = map
  const [tag, text] = entry ?? []
  // Written by `toCloned` alone.
  return new Tagged(tag as Tag, text as string)
}
