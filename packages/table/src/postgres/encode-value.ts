import { isRecord, parseInstant, Tagged, type ColumnType, type Value } from '@freshet/core'
import { unstorable } from '../master-errors.ts'
import { formatArray, type ArrayItem } from './postgres-array.ts'
import { instantToText } from './postgres-instant.ts'
import { NoJson, valueToJson } from './postgres-json.ts'
import type { PgKind, PgScalar } from './postgres-kind.ts'

/**
 * A value as the text PostgreSQL takes for a column of this type.
 *
 * What the column would alter or cannot hold is refused here where that can be
 * known; a `numeric(10,2)` or a trigger may still alter it, and the returned
 * row then says so.
 *
 * @throws {FreshetError} `table/unstorable`.
 */
export function valueToText(
  value: Value,
  { scalar, isArray }: PgKind,
  declared: ColumnType,
  path: string,
): string | null {
  if (value === null) return null
  if (!isArray) return scalarToText(value, scalar, declared, path)
  if (!Array.isArray(value)) throw unstorable(path, 'it is no array, which its column holds')
  // Array.isArray widens a readonly array of values to any[].
  return formatArray(itemsToText(value as readonly Value[], scalar, path))
}

function itemsToText(items: readonly Value[], scalar: PgScalar, path: string): readonly ArrayItem[] {
  return items.map((item, index) => {
    const at = `${path}[${index}]`
    if (item === null) return null
    // As above.
    if (Array.isArray(item) && scalar !== 'json' && scalar !== 'jsonb')
      return itemsToText(item as readonly Value[], scalar, at)
    return scalarToText(item, scalar, 'any', at)
  })
}

function scalarToText(value: Value, scalar: PgScalar, declared: ColumnType, path: string): string {
  const text = textOf(value, scalar, declared, path)
  if (text !== undefined) return text
  throw unstorable(path, `it is no ${scalar}, which its column holds`)
}

function textOf(value: Value, scalar: PgScalar, declared: ColumnType, path: string): string | undefined {
  switch (scalar) {
    case 'bool':
      return typeof value === 'boolean' ? (value ? 't' : 'f') : undefined
    case 'int2':
    case 'int4':
    case 'int8':
      return integerToText(value, bits[scalar], path)
    case 'float4':
    case 'float8':
      return typeof value === 'number' ? floatText(value) : undefined
    case 'numeric':
      return numericToText(value)
    case 'bytea':
      return value instanceof Uint8Array ? bytesToText(value) : undefined
    case 'timestamptz':
    case 'timestamp':
    case 'date':
      return declared === 'text' ? plainText(value, path) : instantText(value, scalar, path)
    case 'uuid':
      return uuidText(value)
    case 'json':
    case 'jsonb':
      return declared === 'text' && typeof value === 'string' ? plainText(value, path) : jsonText(value, path)
    case 'interval':
      return value instanceof Tagged && value.tag === 'duration' ? value.text : plainText(value, path)
    case 'text':
    case 'bpchar':
    case 'other':
      return declaredToText(value, declared, path)
  }
}

const bits = { int2: 16, int4: 32, int8: 64 } as const

function integerToText(value: Value, size: number, path: string): string | undefined {
  const whole =
    typeof value === 'bigint'
      ? value
      : typeof value === 'number' && Number.isInteger(value)
        ? BigInt(value)
        : spelledInteger(value)
  if (whole === undefined) return undefined
  if (BigInt.asIntN(size, whole) !== whole)
    throw unstorable(path, `its column holds integers of ${size} bits`)
  return whole.toString()
}

/** A whole decimal, or a text that spells an integer, as a column declared otherwise may be given. */
function spelledInteger(value: Value): bigint | undefined {
  const text = value instanceof Tagged && value.tag === 'decimal' ? value.text : value
  return typeof text === 'string' && /^[+-]?\d{1,20}$/.test(text) ? BigInt(text) : undefined
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function numericToText(value: Value): string | undefined {
  if (typeof value === 'bigint') return value.toString()
  // A whole number stands for exactly itself, a fraction for its shortest text.
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : String(value)
  const text = value instanceof Tagged && value.tag === 'decimal' ? value.text : value
  return typeof text === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? text : undefined
}

function bytesToText(value: Uint8Array): string {
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
}

function instantText(value: Value, scalar: PgScalar, path: string): string | undefined {
  if (value === 'infinity' || value === '-infinity') return value
  const instant = instantToText(value)
  if (instant?.isRounded) throw unstorable(path, 'PostgreSQL keeps instants to the microsecond')
  if (instant !== undefined) return instant.text
  if (scalar !== 'timestamptz') return plainText(value, path)
  if (value instanceof Date) throw unstorable(path, 'it lies before the first day PostgreSQL knows')
  return undefined
}

function uuidText(value: Value): string | undefined {
  const text = value instanceof Tagged && value.tag === 'uuid' ? value.text : value
  return typeof text === 'string' && uuidPattern.test(text) ? text.toLowerCase() : undefined
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function jsonText(value: Value, path: string): string {
  try {
    return valueToJson(value, path)
  } catch (error) {
    if (error instanceof NoJson) throw unstorable(error.path, error.message)
    throw error
  }
}

/** What the text of a column of text stands for is decided by the type that the schema declares. */
function declaredToText(value: Value, declared: ColumnType, path: string): string | undefined {
  switch (declared) {
    case 'decimal':
      return numericToText(value)
    case 'datetime':
      return isoText(value)
    case 'uuid':
    case 'recordId':
    case 'duration':
      if (value instanceof Tagged && value.tag === declared) return plainText(value.text, path)
      return plainText(value, path)
    case 'array':
    case 'object':
      return Array.isArray(value) || isRecord(value) ? jsonText(value, path) : undefined
    case 'any':
    case 'text':
    case 'bool':
    case 'int':
    case 'float':
    case 'bytes':
      return plainText(value, path)
  }
}

function isoText(value: Value): string | undefined {
  if (value instanceof Date) return value.toISOString()
  const text = value instanceof Tagged && value.tag === 'datetime' ? value.text : value
  return typeof text === 'string' && parseInstant(text) !== undefined ? text : undefined
}

/** A text that PostgreSQL can hold. */
function plainText(value: Value, path: string): string | undefined {
  if (typeof value !== 'string') return undefined
  if (!value.isWellFormed()) throw unstorable(path, 'it is not valid Unicode')
  if (value.includes('\0')) throw unstorable(path, 'PostgreSQL has no text with NUL in it')
  return value
}
