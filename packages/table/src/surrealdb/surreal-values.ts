import {
  Tagged,
  datetime,
  decimal,
  duration,
  isRecord,
  uuid,
  type ColumnType,
  type Row,
  type Value,
} from '@freshet/core'
import { DateTime, Decimal, Duration, Geometry, RecordId, Uuid } from 'surrealdb'
import { unstorable } from '../master-errors.ts'
import type { TableSchema } from '../master.ts'
import { columnType } from '../master-schema.ts'
import { spellsDecimal } from '../text-value.ts'
import { instantToText, textToInstant } from './surreal-instant.ts'
import { assertKeptText, recordIdToText, textToRecordId } from './surreal-record-id.ts'
import { textToUuid } from './surreal-uuid.ts'

/** Field names of this prefix are taken: they carry sort keys in ordered reads. */
export const reservedPrefix = '__freshet_'

/**
 * A checked row as content of a record: typed by its columns, without its id.
 *
 * @throws {FreshetError} `table/unstorable`: SurrealDB or its SDK would alter the value.
 */
export function rowToContent(row: Row, schema: TableSchema): Record<string, unknown> {
  const fields = Object.entries(row).filter(([field]) => field !== schema.idField)
  return Object.fromEntries(
    fields.map(([field, value]) => [
      checkedField(field, field, schema),
      valueToSurreal(value, columnType(schema, field), field),
    ]),
  )
}

/** A record as a row, its id as text in the schema's id field. */
export function recordToRow(record: Record<string, unknown>, schema: TableSchema): [id: string, row: Row] {
  const { id: own, ...fields } = record
  if (!(own instanceof RecordId)) throw new TypeError('SurrealDB returned a record without its id.')
  const id = recordIdToText(own)
  const entries = Object.entries(fields)
    .filter(([field, value]) => value !== undefined && !field.startsWith(reservedPrefix))
    .map(([field, value]) => [field, surrealToValue(value, columnType(schema, field))] as const)
  return [id, Object.fromEntries([[schema.idField, id], ...entries])]
}

/** @throws {FreshetError} `table/unstorable`. */
export function valueToSurreal(value: Value, type: ColumnType, path: string): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return textToSurreal(value, type, path)
  if (typeof value === 'number') return numberToSurreal(value, type, path)
  if (typeof value === 'bigint')
    return type === 'decimal' ? toDecimal(String(value), path) : integer(value, path)
  if (value instanceof Uint8Array) return value
  if (value instanceof Date) return toDateTime(value.toISOString(), path)
  if (value instanceof Tagged) return taggedToSurreal(value, path)
  if (!isRecord(value)) return value.map((item, index) => valueToSurreal(item, 'any', `${path}[${index}]`))
  return Object.fromEntries(
    Object.entries(value).map(([field, nested]) => {
      const nestedPath = `${path}.${field}`
      return [checkedField(field, nestedPath), valueToSurreal(nested, 'any', nestedPath)]
    }),
  )
}

/** What SurrealDB holds, as a value. Kinds that have no counterpart here are shown as their text. */
export function surrealToValue(value: unknown, type: ColumnType = 'any'): Value {
  switch (typeof value) {
    case 'boolean':
    case 'string':
    case 'number':
      return value
    case 'bigint':
      return type === 'float' ? Number(value) : value
    case 'undefined':
      return null
    default:
      return value === null ? null : objectToValue(value)
  }
}

function objectToValue(value: unknown): Value {
  if (value instanceof Decimal) return decimal(value.toString())
  if (value instanceof DateTime) return dateTimeToValue(value)
  if (value instanceof RecordId) return new Tagged('recordId', `${value.table.name}:${recordIdToText(value)}`)
  if (value instanceof Uuid) return uuid(value.toString())
  if (value instanceof Duration) return duration(value.toString())
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, (item) => surrealToValue(item))
  if (value instanceof Geometry) return surrealToValue(value.toJSON())
  if (!isPlain(value)) return String(value)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, nested]) => nested !== undefined)
      .map(([field, nested]) => [field, surrealToValue(nested)]),
  )
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function checkedField(field: string, path: string, schema?: TableSchema): string {
  // The SDK decodes this name by assignment, which sets the prototype instead of a field.
  if (field === '__proto__') throw unstorable(path, 'the SurrealDB SDK cannot read a field of this name')
  assertKeptText(field, `the name of ${path}`)
  if (schema === undefined) return field
  if (field === '') throw unstorable('the field without a name', 'SurrealDB needs a name')
  if (field === 'id') throw unstorable(path, 'SurrealDB keeps the record id in this field')
  if (field.startsWith(reservedPrefix))
    throw unstorable(path, `names that start with ${reservedPrefix} are taken`)
  return field
}

function textToSurreal(text: string, type: ColumnType, path: string): unknown {
  assertKeptText(text, path)
  switch (type) {
    case 'decimal':
      return spellsDecimal(text) ? toDecimal(text, path) : text
    case 'datetime':
      return textToInstant(text) === undefined ? text : toDateTime(text, path)
    case 'uuid':
      return textToUuid(text) ?? text
    case 'duration':
      return durationText.test(text) ? toDuration(text, path) : text
    case 'recordId':
      return textToRecordId(text) ?? text
    default:
      return text
  }
}

function numberToSurreal(value: number, type: ColumnType, path: string): unknown {
  if (type === 'decimal' && Number.isFinite(value)) return toDecimal(String(value), path)
  // The SDK sends every whole number as an integer of 64 bits.
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? integer(BigInt(value), path) : value
}

function integer(value: bigint, path: string): bigint {
  if (BigInt.asIntN(64, value) === value) return value
  throw unstorable(path, 'integers have 64 bits in SurrealDB')
}

function taggedToSurreal({ tag, text }: Tagged, path: string): unknown {
  switch (tag) {
    case 'decimal':
      return toDecimal(text, path)
    case 'datetime':
      return toDateTime(text, path)
    case 'duration':
      return toDuration(text, path)
    case 'uuid': {
      const id = textToUuid(text)
      if (id === undefined) throw unstorable(path, 'it is not a UUID')
      return id
    }
    case 'recordId': {
      const id = textToRecordId(text)
      if (id === undefined) throw unstorable(path, 'it is not a record id')
      return id
    }
  }
}

const durationText = /^(\d+(ns|us|µs|μs|ms|s|m|h|d|w|y))+$/

/** A decimal whose every digit SurrealDB keeps: 96 bits of digits, 28 of them behind the point at most. */
function toDecimal(text: string, path: string): Decimal {
  const match = /^([+-]?)(\d*)\.?(\d*?)0*(?:e([+-]?\d+))?$/i.exec(
    text.includes('.') ? text : text.replace(/e|$/i, '.$&'),
  )
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? []
  const shift = Number(exponent)
  const digits = `${whole}${fraction}`
  if (match === null || digits === '' || Math.abs(shift) > 60) throw inexactDecimal(path)
  const scale = fraction.length - shift
  const coefficient = BigInt(digits) * (scale < 0 ? 10n ** BigInt(-scale) : 1n)
  if (coefficient >= 2n ** 96n || scale > 28) throw inexactDecimal(path)
  const all = String(coefficient).padStart(Math.max(scale, 0) + 1, '0')
  const plain = scale > 0 ? `${all.slice(0, -scale)}.${all.slice(-scale)}` : all
  return new Decimal(sign === '-' ? `-${plain}` : plain)
}

function inexactDecimal(path: string): Error {
  return unstorable(path, 'decimals have at most 28 digits in SurrealDB')
}

/** The SDK reads what it does not understand as a shorter time, and encodes no more than 64 bits of seconds. */
function toDuration(text: string, path: string): Duration {
  if (!durationText.test(text) || text.length > 64)
    throw unstorable(path, 'it is not a duration such as 1h30m')
  const span = new Duration(text)
  if (span.nanoseconds >= 10n ** 27n) throw unstorable(path, 'it is longer than SurrealDB can hold')
  return span
}

function toDateTime(text: string, path: string): DateTime {
  const instant = textToInstant(text)
  if (instant === undefined)
    throw unstorable(path, 'it is not an instant with at most nine digits of a second')
  if (instant[0] < -8_000_000_000_000n || instant[0] > 8_000_000_000_000n) {
    throw unstorable(path, 'it is outside the years that SurrealDB can hold')
  }
  // Given as seconds and nanoseconds: from a Date before 1970 the SDK makes an invalid one.
  return new DateTime(instant)
}

function dateTimeToValue(value: DateTime): Value {
  const [seconds, nanoseconds] = value.toCompact()
  const ms = Number(seconds) * 1000 + Number(nanoseconds) / 1e6
  const date = new Date(ms)
  const isExact = nanoseconds % 1_000_000n === 0n && !Number.isNaN(date.getTime())
  return isExact ? date : datetime(instantToText(seconds, nanoseconds))
}
