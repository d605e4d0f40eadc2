import {
  datetime,
  decimal,
  duration,
  FreshetError,
  recordId,
  uuid,
  type Filter,
  type Value,
} from '@freshet/core'
import { columnType } from './master-schema.ts'
import type { TableSchema } from './master.ts'
import { spellsDecimal } from './text-value.ts'

/**
 * The condition `field = text`, with the text read as what the column holds.
 *
 * @throws {FreshetError} `table/unknown-column`, `table/bad-value`.
 */
export function equalsText(schema: TableSchema, field: string, text: string): Filter {
  return { op: 'eq', field, value: columnValue(schema, field, text) }
}

/**
 * A column's value written as text: for booleans `true`, `1`, `on` and `yes`
 * are true and all else is false.
 *
 * @throws {FreshetError} `table/unknown-column`, `table/bad-value`.
 */
export function columnValue(schema: TableSchema, field: string, text: string): Value {
  const [head = field] = field.split('.')
  if (field !== schema.idField && !Object.hasOwn(schema.columns, head)) throw unknownColumn(schema, field)
  // What lies inside a nested record has no declared type.
  switch (head === field ? columnType(schema, field) : 'any') {
    case 'bool':
      return ['true', '1', 'on', 'yes'].includes(text.toLowerCase())
    case 'int':
      return integer(text)
    case 'float':
      return float(text)
    case 'decimal':
      if (!spellsDecimal(text)) throw badValue('decimal', text)
      return decimal(text)
    case 'datetime':
      return instant(text)
    case 'uuid':
      return uuid(text)
    case 'duration':
      return duration(text)
    case 'recordId':
      return record(text)
    case 'any':
      return literal(text)
    case 'array':
    case 'object':
    case 'bytes':
      throw badValue('text; this column holds no text, so it', text)
    case 'text':
      return text
  }
}

function integer(text: string): Value {
  if (!/^[+-]?\d+$/.test(text)) throw badValue('integer', text)
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function float(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw badValue('float', text)
  return number
}

function instant(text: string): Value {
  if (/\.\d{4,}/.test(text)) return datetime(text)
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw badValue('datetime', text)
  return date
}

function record(text: string): Value {
  const at = text.indexOf(':')
  if (at <= 0) throw badValue('record id (table:key)', text)
  return recordId(text.slice(0, at), text.slice(at + 1))
}

/** JSON where it is JSON, else the text itself. */
function literal(text: string): Value {
  try {
    const value: unknown = JSON.parse(text)
    if (
      typeof value === 'number' ||
      typeof value === 'boolean' ||
      typeof value === 'string' ||
      value === null
    )
      return value
  } catch {
    return text
  }
  return text
}

function badValue(what: string, text: string): FreshetError {
  return new FreshetError({
    code: 'table/bad-value',
    kind: 'usage',
    message: `Invalid ${what} value: ${text}`,
  })
}

function unknownColumn(schema: TableSchema, field: string): FreshetError {
  return new FreshetError({
    code: 'table/unknown-column',
    kind: 'usage',
    message: `Column '${field}' not found. Columns: ${[schema.idField, ...Object.keys(schema.columns)].join(', ')}.`,
  })
}
