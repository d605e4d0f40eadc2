import { Tagged, type Row, type Tag, type Value } from '@freshet/core'
import { Encoder, addExtension } from 'cbor-x'
import { encodePlainRow } from './plain-cbor.ts'
import { assertDepth, setField, storableKind } from '../storable.ts'

// Each record is a plain CBOR map and decodes alone; no structures are shared
// between records, so none can be lost or confused between processes.
const cbor = new Encoder({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  tagUint8Array: false,
  // Else a few bytes of a row would keep all of its record in memory.
  copyBuffers: true,
})

const tagNames: readonly Tag[] = ['decimal', 'uuid', 'recordId', 'duration', 'datetime']
// Unassigned at IANA; read back only by this module.
export const taggedTag = 40_741

addExtension<Tagged, unknown>({
  Class: Tagged,
  tag: taggedTag,
  encode: (value, encode) => encode([value.tag, value.text]),
  decode: readTagged,
})

// RFC 8949, section 3.1.
const listType = 4
const mapType = 5

// Beyond this, seconds as a float lose milliseconds, and that is how cbor-x writes dates.
const exactDateMs = 2 ** 47

/**
 * The bytes of a row: a CBOR map, or a CBOR list where the map would not be exact.
 * To be used before the next call, which may write over them.
 *
 * cbor-x changes `-0`, lone surrogates, far dates and fields named `__proto__`.
 * A row that holds one of these is written as nested lists of our own [ST8].
 *
 * @throws {FreshetError} `storage/value` (usage) for what no store can keep.
 */
export function encodeRow(row: Row): Uint8Array {
  return encodePlainRow(row, taggedTag) ?? cbor.encode(isExactRecord(row, 1) ? row : escapeRecord(row))
}

/** The row of the bytes. @throws {Error} when they are no row. */
export function decodeRow(bytes: Uint8Array): Row {
  const majorType = (bytes[0] ?? 0) >> 5
  if (majorType !== mapType && majorType !== listType) throw new TypeError('The bytes hold no record.')
  const value: unknown = cbor.decode(bytes)
  if (Array.isArray(value)) return unescapeRecord(value)
  // A map of ours decodes to a record of values and nothing else.
  return value as Row
}

function isExact(value: Value, depth: number): boolean {
  // The checked kinds are what the casts below say; TypeScript cannot follow the table.
  switch (storableKind(value)) {
    case 'plain':
      return typeof value === 'string' ? value.isWellFormed() : !Object.is(value, -0)
    case 'bytes':
      return true
    case 'date':
      return Math.abs((value as Date).getTime()) < exactDateMs
    case 'tagged':
      return (value as Tagged).text.isWellFormed()
    case 'array':
      return isExactList(value as readonly Value[], depth + 1)
    case 'record':
      return isExactRecord(value as Row, depth + 1)
  }
}

function isExactList(list: readonly Value[], depth: number): boolean {
  assertDepth(depth)
  let exact = true
  // By index, because holes must be seen; and to the end, because every value is checked.
  for (let at = 0; at < list.length; at++) if (!isExact(list[at] as Value, depth)) exact = false
  return exact
}

function isExactRecord(record: Row, depth: number): boolean {
  assertDepth(depth)
  let exact = true
  for (const field of Object.keys(record)) {
    if (field === '__proto__' || !field.isWellFormed()) exact = false
    // A key of the record itself, so the value is there.
    if (!isExact(record[field] as Value, depth)) exact = false
  }
  return exact
}

type Escaped = null | boolean | number | bigint | string | Uint8Array | Tagged | readonly Escaped[]

function escapeRecord(record: Row): readonly Escaped[] {
  return ['o', ...Object.entries(record).flatMap(([field, value]) => [escapeText(field), escapeValue(value)])]
}

/** Anything in a list of its own whose first item says what it is; the rest as it is. */
function escapeValue(value: Value): Escaped {
  if (typeof value === 'string') return escapeText(value)
  if (typeof value === 'number') return Object.is(value, -0) ? ['z'] : value
  if (value instanceof Date) return ['d', value.getTime()]
  if (value instanceof Tagged) return ['t', value.tag, escapeText(value.text)]
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return ['a', ...value.map(escapeValue)]
  // Lists are gone above; `Array.isArray` does not narrow readonly lists away.
  return escapeRecord(value as Row)
}

function escapeText(text: string): Escaped {
  if (text.isWellFormed()) return text
  const units = new Uint8Array(text.length * 2)
  for (let at = 0; at < text.length; at++) {
    units[at * 2] = text.charCodeAt(at) >> 8
    units[at * 2 + 1] = text.charCodeAt(at) & 0xff
  }
  return ['s', units]
}

function unescapeValue(value: unknown): Value {
  // Only lists are escaped; cbor-x decodes the rest of our bytes to values.
  if (!Array.isArray(value)) return value as Value
  const [kind, first, second] = value as unknown[]
  switch (kind) {
    case 'z':
      return -0
    case 'd':
      return new Date(Number(first))
    case 't':
      return readTagged([first, unescapeValue(second)])
    case 's':
      return unescapeText(first)
    case 'a':
      return value.slice(1).map(unescapeValue)
    default:
      return unescapeRecord(value)
  }
}

function unescapeRecord(list: readonly unknown[]): Row {
  if (list[0] !== 'o') throw new TypeError('The bytes hold an unknown escape.')
  const record: Record<string, Value> = {}
  for (let at = 1; at < list.length; at += 2) {
    const field = unescapeValue(list[at])
    if (typeof field !== 'string') throw new TypeError('The bytes hold a field without a name.')
    setField(record, field, unescapeValue(list[at + 1]))
  }
  return record
}

function unescapeText(units: unknown): string {
  if (!(units instanceof Uint8Array)) throw new TypeError('The bytes hold a text without its units.')
  let text = ''
  for (let at = 0; at < units.length; at += 2) {
    text += String.fromCharCode(((units[at] ?? 0) << 8) | (units[at + 1] ?? 0))
  }
  return text
}

function readTagged(item: unknown): Tagged {
  if (!Array.isArray(item)) throw new TypeError('The bytes hold a tagged value without its parts.')
  const [tag, text] = item as unknown[]
  const known = tagNames.find((name) => name === tag)
  if (known === undefined || typeof text !== 'string') throw new TypeError('The bytes hold an unknown tag.')
  return new Tagged(known, text)
}
