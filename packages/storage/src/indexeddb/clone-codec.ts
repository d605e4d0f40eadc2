import { Tagged, type Row, type Tag, type Value } from '@freshet/core'
import { assertDepth, setField, storableKind } from '../storable.ts'

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
  const value = toClonedRecord(row, 1, () => (tagged = true))
  return tagged ? { value, tagged } : { value }
}

export function fromClonedRow({ value, tagged }: ClonedRow): Row {
  // Written by `toClonedRow` alone, which starts with a record.
  return (tagged === true ? fromCloned(value) : value) as Row
}

function toCloned(value: Value, depth: number, noteTagged: () => void): unknown {
  assertDepth(depth)
  // The checked kinds are what the casts below say; TypeScript cannot follow the table.
  switch (storableKind(value)) {
    case 'tagged':
      noteTagged()
      return new Map([[(value as Tagged).tag, (value as Tagged).text]])
    case 'bytes':
      // A view would take its whole buffer along, and a Buffer its pool.
      return new Uint8Array(value as Uint8Array)
    case 'array':
      // `Array.from` visits holes, which must be refused.
      return Array.from(value as readonly Value[], (item) => toCloned(item, depth + 1, noteTagged))
    case 'record':
      return toClonedRecord(value as Row, depth + 1, noteTagged)
    case 'date':
      return new Date((value as Date).getTime())
    case 'null':
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return value
  }
}

function toClonedRecord(record: Row, depth: number, noteTagged: () => void): unknown {
  // The copy holds maps in place of tagged values; only structured clone sees it.
  const copy: Record<string, Value> = {}
  for (const [field, value] of Object.entries(record)) {
    setField(copy, field, toCloned(value, depth, noteTagged) as Value)
  }
  return copy
}

function fromCloned(value: unknown): Value {
  if (value instanceof Map) return fromMap(value)
  if (Array.isArray(value)) return value.map(fromCloned)
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const record: Record<string, Value> = {}
    for (const [field, inner] of Object.entries(value)) setField(record, field, fromCloned(inner))
    return record
  }
  // What remains went in as a value and structured clone kept it.
  return value as Value
}

function fromMap(map: ReadonlyMap<unknown, unknown>): Tagged {
  const [entry] = map
  const [tag, text] = entry ?? []
  // Written by `toCloned` alone.
  return new Tagged(tag as Tag, text as string)
}
