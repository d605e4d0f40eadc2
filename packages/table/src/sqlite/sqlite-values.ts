import { decimal, isRecord, Tagged, type ColumnType, type Row, type Value } from '@freshet/core'
import { unstorable } from '../master-errors.ts'
import { isoToInstant, spellsDecimal, textToValue } from '../text-value.ts'

/** What SQLite holds in one column of one row. */
export type SqliteValue = null | number | bigint | string | Uint8Array

/**
 * A value as SQLite holds it in a column of this type.
 *
 * Bools are 0 and 1; decimals, instants, UUIDs, durations and record ids are
 * text; arrays and records are JSON. What JSON or SQLite would alter is refused.
 *
 * @throws {FreshetError} `table/unstorable`.
 */
export function valueToSqlite(value: Value, type: ColumnType, path: string): SqliteValue {
  if (value === null) return null
  switch (type) {
    case 'bool':
      if (typeof value === 'boolean') return value ? 1 : 0
      break
    case 'int':
      if (typeof value === 'bigint') return integer(value, path)
      if (typeof value === 'number' && Number.isInteger(value)) return integer(BigInt(value), path)
      break
    case 'float':
      if (typeof value === 'number') return real(value, path)
      break
    case 'text':
      if (typeof value === 'string') return wellFormed(value, path)
      break
    case 'bytes':
      if (value instanceof Uint8Array) return value
      break
    case 'decimal':
      return decimalToText(value, path)
    case 'datetime':
      return instantToSqlite(value, path)
    case 'uuid':
    case 'recordId':
    case 'duration':
      if (typeof value === 'string') return wellFormed(value, path)
      if (value instanceof Tagged && value.tag === type) return wellFormed(value.text, path)
      break
    case 'array':
    case 'object':
      if (Array.isArray(value) || isRecord(value)) return JSON.stringify(plain(value, path))
      break
    case 'any':
      return untyped(value, path)
  }
  throw unstorable(path, `it is no ${type}, which its column holds`)
}

/** What SQLite holds, as a value; text that does not spell a value of the type stays text. */
export function sqliteToValue(held: SqliteValue, type: ColumnType): Value {
  if (held === null) return null
  if (typeof held === 'bigint') return integerToValue(held, type)
  if (typeof held === 'number') return type === 'decimal' ? decimal(String(held)) : held
  if (held instanceof Uint8Array) return new Uint8Array(held)
  return textToValue(held, type, parsed)
}

function integerToValue(held: bigint, type: ColumnType): Value {
  if (type === 'bool' && (held === 0n || held === 1n)) return held === 1n
  if (type === 'decimal') return decimal(String(held))
  return type === 'float' || Number.isSafeInteger(Number(held)) ? Number(held) : held
}

function parsed(json: string): Value {
  try {
    // Any JSON value is a Value.
    return JSON.parse(json) as Value
  } catch {
    return json
  }
}

function wellFormed(text: string, path: string): string {
  if (text.isWellFormed()) return text
  throw unstorable(path, 'it is not valid Unicode')
}

function integer(value: bigint, path: string): bigint {
  if (BigInt.asIntN(64, value) === value) return value
  throw unstorable(path, 'integers have 64 bits in SQLite')
}

function real(value: number, path: string): number {
  if (!Number.isNaN(value)) return value
  throw unstorable(path, 'SQLite has no NaN')
}

function decimalToText(value: Value, path: string): string {
  const text =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string'
      ? String(value)
      : undefined
  if (text !== undefined && spellsDecimal(text)) return text
  if (value instanceof Tagged && value.tag === 'decimal') return value.text
  throw unstorable(path, 'it is no decimal, which its column holds')
}

function instantToSqlite(value: Value, path: string): string {
  if (value instanceof Date) return value.toISOString()
  const text = value instanceof Tagged && value.tag === 'datetime' ? value.text : value
  if (typeof text === 'string' && typeof isoToInstant(text) !== 'string') return text
  throw unstorable(path, 'it is no instant, which its column holds')
}

function untyped(value: Value, path: string): SqliteValue {
  switch (typeof value) {
    case 'string':
      return wellFormed(value, path)
    case 'number':
      return real(value, path)
    case 'bigint':
      return integer(value, path)
    default:
      if (value instanceof Uint8Array) return value
      throw unstorable(path, 'its column has no type that says how to keep such a value')
  }
}

/** The value, when JSON keeps it exactly. */
function plain(value: Value, path: string): Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) {
    // Array.isArray widens a readonly array of values to any[].
    const items = value as readonly Value[]
    return items.map((item, index) => plain(item, `${path}[${index}]`))
  }
  if (!isRecord(value)) throw unstorable(path, 'JSON, in which the column keeps it, cannot hold it exactly')
  const record: Row = value
  return Object.fromEntries(
    Object.entries(record).map(([field, nested]) => [field, plain(nested, `${path}.${field}`)]),
  )
}
