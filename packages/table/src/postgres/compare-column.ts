import { compareValues, parseInstant, Tagged, type ColumnType, type Value } from '@freshet/core'
import { unsupportedFilter } from '../master-errors.ts'
import { bytesToSql, decimalToSql } from './sql-literal.ts'
import { quote, type PgColumn } from './postgres-catalog.ts'
import type { Binder } from './postgres-filter.ts'
import { instantToText } from './postgres-instant.ts'

/** A condition that compares a field with one value. */
export type ValueComparison = {
  readonly op: 'eq' | 'gt' | 'gte' | 'lt' | 'lte'
  readonly field: string
  readonly value: Value
}

export const operators = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** What no row meets: the two are of different families, or one is nothing. */
const never = 'FALSE'

/**
 * A comparison of a column with a value, as our own predicate decides it: by
 * the type that the schema declares, exactly, texts by code point.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function compareColumn(
  column: PgColumn,
  declared: ColumnType,
  part: ValueComparison,
  binder: Binder,
): string {
  const { op, value } = part
  const name = quote(column.name)
  if (value === null) return op === 'eq' ? `${name} IS NULL` : never
  if (column.kind.isArray) throw refused(part)
  const asText = (): string => compareText(column, op, value, binder)
  const { scalar } = column.kind
  if (declared === 'text' && scalar !== 'bool') return asText()
  switch (scalar) {
    case 'bool':
      if (declared === 'text') throw refused(part)
      return typeof value === 'boolean'
        ? `${name} ${operators[op]} ${binder.bind(value ? 't' : 'f')}::bool`
        : never
    case 'int2':
    case 'int4':
    case 'int8':
      return compareInteger(name, scalar, declared, part, binder)
    case 'numeric':
      return compareNumeric(name, declared, part, binder)
    case 'float4':
    case 'float8':
      // A float4 is read by its shortest text, and compared as what is read.
      return compareFloat(scalar === 'float4' ? `${name}::text::float8` : name, declared, part, binder)
    case 'bytea':
      return value instanceof Uint8Array
        ? `${name} ${operators[op]} ${binder.bind(bytesToSql(value))}::bytea`
        : never
    case 'uuid':
      return compareUuid(name, declared, part, binder)
    case 'timestamptz':
      return compareInstant(name, declared, part, binder)
    case 'timestamp':
    case 'date':
      if (declared !== 'datetime') return asText()
      return compareInstant(`(${name}::timestamp AT TIME ZONE 'UTC')`, declared, part, binder)
    case 'text':
    case 'bpchar':
    case 'other':
      if (declared === 'any') return asText()
      if (declared === 'recordId') return compareRecordId(column, part, binder)
      throw refused(part)
    case 'json':
    case 'jsonb':
    case 'interval':
      throw refused(part)
  }
}

function refused({ field }: ValueComparison): Error {
  return unsupportedFilter(
    `PostgreSQL has no comparison of ${JSON.stringify(field)} that agrees with ours for this value.`,
  )
}

function compareText(column: PgColumn, op: ValueComparison['op'], value: Value, binder: Binder): string {
  if (typeof value !== 'string') return never
  if (!value.isWellFormed() || value.includes('\0')) {
    if (op === 'eq') return never
    throw unsupportedFilter('PostgreSQL has no text with NUL in it or that is not valid Unicode.')
  }
  const name = quote(column.name)
  // Left to the column's own index where equal means equal byte for byte.
  if (op === 'eq' && column.kind.scalar === 'text' && column.isDeterministic)
    return `${name} = ${binder.bind(value)}`
  return `${name}::text COLLATE "C" ${operators[op]} ${binder.bind(value)}`
}

function compareRecordId(column: PgColumn, { op, value }: ValueComparison, binder: Binder): string {
  const text = value instanceof Tagged && value.tag === 'recordId' ? value.text : value
  return typeof text === 'string' ? compareText(column, op, text, binder) : never
}

/** The number a value stands for: itself, a decimal, or in a column of numbers a text that spells one. */
function numberOf(value: Value, declared: ColumnType): number | bigint | Tagged | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Tagged) return value.tag === 'decimal' ? value : undefined
  const spells = declared === 'int' || declared === 'float' || declared === 'decimal'
  if (typeof value !== 'string' || !spells) return undefined
  return isDecimalText(value) ? new Tagged('decimal', value) : undefined
}

function isDecimalText(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
}

function compareInteger(
  name: string,
  scalar: 'int2' | 'int4' | 'int8',
  declared: ColumnType,
  part: ValueComparison,
  binder: Binder,
): string {
  const number = numberOf(part.value, declared)
  if (number === undefined) return never
  const text = decimalToSql(number)
  const whole = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined
  const size = { int2: 16, int4: 32, int8: 64 }[scalar]
  const fits = whole !== undefined && BigInt.asIntN(size, whole) === whole
  return fits
    ? `${name} ${operators[part.op]} ${binder.bind(text)}`
    : `${name} ${operators[part.op]} ${binder.bind(text)}::numeric`
}

function compareNumeric(name: string, declared: ColumnType, part: ValueComparison, binder: Binder): string {
  // Read as doubles, such numerics would be compared as what is read.
  if (declared === 'float') throw refused(part)
  const number = numberOf(part.value, declared)
  return number === undefined
    ? never
    : `${name} ${operators[part.op]} ${binder.bind(decimalToSql(number))}::numeric`
}

function compareFloat(name: string, declared: ColumnType, part: ValueComparison, binder: Binder): string {
  // Read as decimals, such doubles would be compared as what is read.
  if (declared === 'decimal') throw refused(part)
  const number = numberOf(part.value, declared)
  if (number === undefined) return never
  const double = typeof number === 'number' ? number : Number(number instanceof Tagged ? number.text : number)
  if (typeof number !== 'number' && compareValues(double, number) !== 0) {
    if (part.op === 'eq') return never
    throw refused(part)
  }
  return `${name} ${operators[part.op]} ${binder.bind(String(double))}::float8`
}

function compareUuid(
  name: string,
  declared: ColumnType,
  { op, value }: ValueComparison,
  binder: Binder,
): string {
  const isText = typeof value === 'string' && declared === 'uuid'
  const text = value instanceof Tagged && value.tag === 'uuid' ? value.text : isText ? value : undefined
  if (text === undefined) return never
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    return `${name} ${operators[op]} ${binder.bind(text)}::uuid`
  if (op === 'eq') return never
  if (!text.isWellFormed() || text.includes('\0')) throw unsupportedFilter('PostgreSQL has no such text.')
  return `${name}::text COLLATE "C" ${operators[op]} ${binder.bind(text.toLowerCase())}`
}

/** Instants finer than a microsecond lie between two of PostgreSQL's. */
function compareInstant(name: string, declared: ColumnType, part: ValueComparison, binder: Binder): string {
  const { op, value } = part
  const isText = typeof value === 'string'
  if (isText && (declared !== 'datetime' || parseInstant(value) === undefined)) {
    // A text is equal to what is read as this very text: infinity.
    const isInfinite = value === 'infinity' || value === '-infinity'
    if (op === 'eq') return isInfinite ? `${name} = ${binder.bind(value)}::timestamptz` : never
    if (declared === 'datetime') return compareInfinity(name, op, value, binder)
    throw refused(part)
  }
  if (!isText && !(value instanceof Date) && !(value instanceof Tagged && value.tag === 'datetime'))
    return never
  const instant = instantToText(value)
  if (instant === undefined) {
    if (op === 'eq') return never
    throw refused(part)
  }
  if (instant.isRounded && op === 'eq') return never
  const operator = instant.isRounded ? (op === 'gt' || op === 'gte' ? '>' : '<=') : operators[op]
  const bound = `${name} ${operator} ${binder.bind(instant.text)}::timestamptz`
  return op === 'eq' ? bound : `isfinite(${name}) AND ${bound}`
}

/** Only the two infinities are texts here, and comparable with one. */
function compareInfinity(name: string, op: ValueComparison['op'], text: string, binder: Binder): string {
  if (!text.isWellFormed() || text.includes('\0')) throw unsupportedFilter('PostgreSQL has no such text.')
  const read = `CASE WHEN ${name} > 'epoch' THEN 'infinity' ELSE '-infinity' END COLLATE "C"`
  return `NOT isfinite(${name}) AND ${read} ${operators[op]} ${binder.bind(text)}`
}
