import type { Row, Tagged, Value } from '@freshet/core'
import { fieldOf } from './field-of.ts'
import { KeyBytes } from './key-bytes.ts'
import { writeDecimal, writeNumber } from './number-key.ts'
import { assertDepth, storableKind } from './storable.ts'

// The order of kinds, and so of keys; see SPEC.md ST6. Never renumber: keys are on disks.
const tags = {
  null: 0x02,
  false: 0x03,
  true: 0x04,
  oddDecimal: 0x18,
  string: 0x20,
  bytes: 0x28,
  datetime: 0x30,
  oddDatetime: 0x31,
  uuid: 0x38,
  recordId: 0x40,
  duration: 0x48,
  array: 0x50,
  record: 0x58,
} as const

const shared = new KeyBytes()

/**
 * Bytes whose order is the total order of stored values [T7, ST6].
 *
 * Values follow each other and each ends itself, so the key of a shorter list
 * is a prefix of every longer one that starts alike.
 *
 * @throws {FreshetError} `storage/value` (usage) for what no store can keep.
 */
export function orderKey(values: readonly Value[]): Uint8Array<ArrayBuffer> {
  shared.reset()
  for (const value of values) writeValue(shared, value, 0)
  return shared.take()
}

/** The key of a row in an index over `fields`; an absent field counts as null. */
export function indexKey(fields: readonly string[], row: Row): Uint8Array<ArrayBuffer> {
  shared.reset()
  for (const field of fields) writeValue(shared, fieldOf(row, field), 0)
  return shared.take()
}

/** Negative, zero or positive as `a` sorts before, with or after `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function writeValue(out: KeyBytes, value: Value, depth: number): void {
  assertDepth(depth)
  // The checked kinds are what the casts below say; TypeScript cannot follow the table.
  switch (storableKind(value)) {
    case 'null':
      return out.byte(tags.null)
    case 'boolean':
      return out.byte(value === true ? tags.true : tags.false)
    case 'number':
      return writeNumber(out, value as number)
    case 'bigint':
      return void writeDecimal(out, (value as bigint).toString())
    case 'string':
      out.byte(tags.string)
      return out.text(value as string)
    case 'bytes':
      out.byte(tags.bytes)
      return out.blob(value as Uint8Array)
    case 'date':
      return writeDate(out, value as Date)
    case 'tagged':
      return writeTagged(out, value as Tagged)
    case 'array':
      out.byte(tags.array)
      for (const item of value as readonly Value[]) writeValue(out, item, depth + 1)
      return out.byte(0)
    case 'record':
      return writeRecord(out, value as Row, depth + 1)
  }
}

function writeTagged(out: KeyBytes, { tag, text }: Tagged): void {
  switch (tag) {
    case 'decimal':
      if (writeDecimal(out, text)) return
      out.byte(tags.oddDecimal)
      break
    case 'datetime':
      if (writeInstant(out, text)) return
      out.byte(tags.oddDatetime)
      break
    case 'uuid':
    case 'recordId':
    case 'duration':
      out.byte(tags[tag])
  }
  out.text(text)
}

const instantText = /^(.+[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/i

/** Whole seconds as a number, then the fraction's digits, so that any precision sorts. */
function writeInstant(out: KeyBytes, text: string): boolean {
  const parts = instantText.exec(text)
  if (parts === null) return false
  const [, toSeconds = '', fraction = '', zone = 'Z'] = parts
  const epochMs = Date.parse(toSeconds.replace(' ', 'T') + zone)
  if (Number.isNaN(epochMs)) return false
  writeSeconds(out, epochMs / 1000, fraction)
  return true
}

function writeDate(out: KeyBytes, date: Date): void {
  const epochMs = date.getTime()
  const seconds = Math.floor(epochMs / 1000)
  writeSeconds(out, seconds, String(epochMs - seconds * 1000).padStart(3, '0'))
}

function writeSeconds(out: KeyBytes, seconds: number, fraction: string): void {
  out.byte(tags.datetime)
  writeNumber(out, seconds)
  out.text(fraction.replace(/0+$/, ''))
}

function writeRecord(out: KeyBytes, record: Row, depth: number): void {
  out.byte(tags.record)
  for (const field of Object.keys(record).toSorted(compareText)) {
    // A key of the record itself, so the value is there.
    writeFieldOf(out, field, record[field] as Value, depth)
  }
  out.byte(0)
}

function writeFieldOf(out: KeyBytes, field: string, value: Value, depth: number): void {
  // A marker of its own, else an empty name would look like the end of the record.
  out.byte(tags.string)
  out.text(field)
  writeValue(out, value, depth)
}

/** JavaScript's order of text: by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
