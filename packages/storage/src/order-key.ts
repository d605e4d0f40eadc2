import {
  compileField,
  dateInstant,
  durationNanoseconds,
  parseInstant,
  type Instant,
  type Row,
  type StoreIndex,
  type Tagged,
  type Value,
} from '@freshet/core'
import { KeyBytes } from './key-bytes.ts'
import { writeNumber } from './number-key.ts'
import { assertDepth, storableKind } from './storable.ts'

// The order of kinds, and so of keys; see SPEC.md ST6. Numbers lie between true and
// text. Never renumber: keys are on disks. 0x00 ends, 0xff starts nothing.
const tags = {
  nothing: 0x02,
  false: 0x03,
  true: 0x04,
  text: 0x20,
  instant: 0x28,
  oddInstant: 0x29,
  uuid: 0x30,
  recordId: 0x38,
  duration: 0x40,
  oddDuration: 0x41,
  bytes: 0x48,
  array: 0x50,
  record: 0x58,
  nestedNothing: 0x60,
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

/** Makes the key of a row in an index; an absent field counts as null. */
export type IndexKey = (row: Row) => Uint8Array<ArrayBuffer>

/** Compiles an index once, to be asked about many rows. */
export function compileIndexKey(fields: StoreIndex['fields']): IndexKey {
  const readers = fields.map(compileField)
  return (row) => {
    shared.reset()
    for (const read of readers) writeValue(shared, read(row) ?? null, 0)
    return shared.take()
  }
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

/** JavaScript's order of text: by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function writeValue(out: KeyBytes, value: Value, depth: number): void {
  assertDepth(depth)
  // The checked kinds are what the casts below say; TypeScript cannot follow the table.
  switch (storableKind(value)) {
    case 'null':
      // First of a field, so that a range can leave it out; inside a value last, as in the kernel's order.
      return out.byte(depth === 0 ? tags.nothing : tags.nestedNothing)
    case 'boolean':
      return out.byte(value === true ? tags.true : tags.false)
    case 'number':
    case 'bigint':
      return writeNumber(out, value as number | bigint)
    case 'string':
      return writeText(out, tags.text, value as string)
    case 'bytes':
      out.byte(tags.bytes)
      return out.blob(value as Uint8Array)
    case 'date':
      return writeInstant(out, dateInstant(value as Date))
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

function writeText(out: KeyBytes, tag: number, text: string): void {
  out.byte(tag)
  out.text(text)
}

/** What its text does not spell out sorts behind its kind, by that text. */
function writeTagged(out: KeyBytes, tagged: Tagged): void {
  const { tag, text } = tagged
  switch (tag) {
    case 'decimal':
      return writeNumber(out, tagged)
    case 'datetime': {
      const instant = parseInstant(text)
      return instant === undefined ? writeText(out, tags.oddInstant, text) : writeInstant(out, instant)
    }
    case 'uuid':
      return writeText(out, tags.uuid, text.toLowerCase())
    case 'recordId':
      return writeText(out, tags.recordId, text)
    case 'duration': {
      const nanoseconds = durationNanoseconds(text)
      if (nanoseconds === undefined) return writeText(out, tags.oddDuration, text)
      out.byte(tags.duration)
      return writeNumber(out, nanoseconds)
    }
  }
}

/** Whole seconds, then the fraction's digits, so that any precision sorts. */
function writeInstant(out: KeyBytes, { second, fraction }: Instant): void {
  out.byte(tags.instant)
  writeNumber(out, second)
  out.text(fraction)
}

function writeRecord(out: KeyBytes, record: Row, depth: number): void {
  out.byte(tags.record)
  for (const [field, value] of Object.entries(record).toSorted(([a], [b]) => compareText(a, b))) {
    // A tag before the name, else an empty name would look like the end.
    writeText(out, tags.text, field)
    writeValue(out, value, depth)
  }
  out.byte(0)
}
