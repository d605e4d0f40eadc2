import { compareDecimals, decimalParts, parseDecimal } from './decimal-parts.ts'
import { compareInstants, dateInstant, parseInstant } from './instant.ts'
import type { ColumnType } from './schema.ts'
import { isRecord, Tagged, type Row, type Tag, type Value } from './value.ts'

/**
 * Orders any two values: negative, zero or positive [V4].
 *
 * Total: values of different families have a fixed order (booleans, numbers,
 * texts, instants, uuids, record ids, durations, bytes, arrays, records), null
 * and absent come last. Within a family the order is that of the meaning:
 * numbers of all kinds by exact value with NaN after infinity, instants by time
 * to any fraction of a second, texts by UTF-16 code unit. `type` decides what a
 * text stands for: a number in a `decimal` column, an instant in a `datetime`.
 */
export function compareValues(a: Value | undefined, b: Value | undefined, type: ColumnType = 'any'): number {
  if (a === b) return 0
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  return compareMeanings(meaning(a, type), meaning(b, type), 0)
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
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  const left = meaning(a, type)
  const right = meaning(b, type)
  const family = familyOf(left)
  if (family === familyRank.nothing || family !== familyOf(right)) return undefined
  return compareMeanings(left, right, 0)
}

/** Families in their order. Numbers, because they are compared. */
export const familyRank = {
  boolean: 0,
  number: 1,
  text: 2,
  instant: 3,
  uuid: 4,
  recordId: 5,
  duration: 6,
  bytes: 7,
  array: 8,
  record: 9,
  nothing: 10,
} as const

export type Family = (typeof familyRank)[keyof typeof familyRank]

/** Whether a text in such a column stands for something that has several spellings. */
export function textHasSpellings(type: ColumnType): boolean {
  return tagOfColumn[type] !== undefined
}

/** The value that a text stands for in a column of this type; every other value as it is. */
export function meaning(value: Value | undefined, type: ColumnType): Value {
  if (value === undefined) return null
  const tag = tagOfColumn[type]
  if (tag === undefined || typeof value !== 'string') return value
  if (tag === 'decimal' && parseDecimal(value) === undefined) return value
  if (tag === 'datetime' && parseInstant(value) === undefined) return value
  return new Tagged(tag, value)
}

/** The family that decides how a value is ordered. */
export function familyOf(value: Value): Family {
  switch (typeof value) {
    case 'boolean':
      return familyRank.boolean
    case 'number':
    case 'bigint':
      return familyRank.number
    case 'string':
      return familyRank.text
    default:
      break
  }
  if (value === null) return familyRank.nothing
  if (value instanceof Tagged) return familyOfTag[value.tag]
  if (value instanceof Date) return familyRank.instant
  if (value instanceof Uint8Array) return familyRank.bytes
  return Array.isArray(value) ? familyRank.array : familyRank.record
}

/** Values nested deeper than this are not looked into: a hostile row must not exhaust the stack. */
export const maxDepth = 200

const tagOfColumn: { readonly [type in ColumnType]?: Tag } = {
  int: 'decimal',
  float: 'decimal',
  decimal: 'decimal',
  datetime: 'datetime',
  uuid: 'uuid',
  recordId: 'recordId',
  duration: 'duration',
}

const familyOfTag: { readonly [tag in Tag]: Family } = {
  decimal: familyRank.number,
  datetime: familyRank.instant,
  uuid: familyRank.uuid,
  recordId: familyRank.recordId,
  duration: familyRank.duration,
}

function compareMeanings(a: Value, b: Value, depth: number): number {
  const family = familyOf(a)
  const other = familyOf(b)
  if (family !== other) return family - other
  if (a === null || b === null || depth > maxDepth) return 0
  if (typeof a === 'object' && typeof b === 'object') return compareObjects(a, b, depth)
  if (typeof a !== 'object' && typeof b !== 'object') return comparePrimitives(a, b)
  return compareNumeric(a, b)
}

function compareObjects(a: Value & object, b: Value & object, depth: number): number {
  if (a instanceof Date || b instanceof Date) return compareDates(a, b)
  if (a instanceof Tagged && b instanceof Tagged) return compareTagged(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b, depth)
  return isRecord(a) && isRecord(b) ? compareRecords(a, b, depth) : 0
}

function comparePrimitives(
  a: string | number | bigint | boolean,
  b: string | number | bigint | boolean,
): number {
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  if (a < b) return -1
  if (a > b) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** Numbers of which at least one is a decimal. NaN is after every number, a text that is no decimal after NaN. */
function compareNumeric(a: Value, b: Value): number {
  const left = numericParts(a)
  const right = numericParts(b)
  if (left !== undefined && right !== undefined) return compareDecimals(left, right)
  return (
    Number(left === undefined) - Number(right === undefined) ||
    Number(a instanceof Tagged) - Number(b instanceof Tagged) ||
    (a instanceof Tagged && b instanceof Tagged ? compareTexts(a.text, b.text) : 0)
  )
}

function numericParts(value: Value): ReturnType<typeof decimalParts> {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : decimalParts(value)
  return typeof value === 'bigint' || value instanceof Tagged ? decimalParts(value) : undefined
}

function compareDates(a: Value, b: Value): number {
  if (a instanceof Date && b instanceof Date) return compareNumbers(a.getTime(), b.getTime())
  return compareInstants(instantOf(a), instantOf(b))
}

/** The instant of a `Date` or a tagged datetime; NaN for one that cannot be read. */
export function instantOf(value: Value): ReturnType<typeof dateInstant> {
  if (value instanceof Date) return dateInstant(value)
  const parsed = value instanceof Tagged ? parseInstant(value.text) : undefined
  return parsed ?? { second: NaN, fraction: '' }
}

function compareTagged(a: Tagged, b: Tagged): number {
  switch (a.tag) {
    case 'decimal':
      return compareNumeric(a, b)
    case 'datetime':
      return compareInstants(instantOf(a), instantOf(b)) || unreadable(a, b, parseInstant)
    case 'uuid':
      return compareTexts(a.text.toLowerCase(), b.text.toLowerCase())
    case 'duration':
      return compareDurations(a.text, b.text)
    case 'recordId':
      return compareTexts(a.text, b.text)
  }
}

/** Two texts that mean nothing are told apart by their spelling. */
function unreadable(a: Tagged, b: Tagged, parse: (text: string) => unknown): number {
  return parse(a.text) === undefined ? compareTexts(a.text, b.text) : 0
}

function compareDurations(a: string, b: string): number {
  const left = durationNanoseconds(a)
  const right = durationNanoseconds(b)
  if (left === undefined || right === undefined) {
    return Number(left === undefined) - Number(right === undefined) || compareTexts(a, b)
  }
  if (left === right) return 0
  return left < right ? -1 : 1
}

const unitNanoseconds: { readonly [unit: string]: bigint } = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
}

/** `1h30m` in nanoseconds; a year has 365 days. `undefined` for other notations. */
export function durationNanoseconds(text: string): bigint | undefined {
  if (!/^(\d+(ns|us|µs|μs|ms|s|m|h|d|w|y))+$/.test(text)) return undefined
  let total = 0n
  for (const [, amount = '0', unit = 'ns'] of text.matchAll(/(\d+)([^\d]+)/g)) {
    total += BigInt(amount) * (unitNanoseconds[unit] ?? 0n)
  }
  return total
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareArrays(a: readonly Value[], b: readonly Value[], depth: number): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const difference = compareMeanings(a[at] ?? null, b[at] ?? null, depth + 1)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareRecords(a: Row, b: Row, depth: number): number {
  const left = Object.keys(a).sort()
  const right = Object.keys(b).sort()
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const key = left[at] ?? ''
    const difference =
      compareTexts(key, right[at] ?? '') || compareMeanings(a[key] ?? null, b[key] ?? null, depth + 1)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
