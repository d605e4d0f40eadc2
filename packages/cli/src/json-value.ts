import { columnValue, type TableSchema } from '@freshet/table'
import { FreshetError, isRecord, Tagged, type Row, type Value } from '@freshet/core'

/** A row as JSON that loses nothing a person would look for: whole numbers keep all digits, bytes are base64. */
export function rowToJson(row: Row, indent?: number): string {
  return JSON.stringify(plainValue(row), undefined, indent)
}

/**
 * A row from JSON, its values read as what the columns hold: `"150.00"` and
 * `150.00` are decimals in a decimal column.
 *
 * @throws {FreshetError} `cli/bad-json`, `table/bad-value`.
 */
export function rowFromJson(schema: TableSchema, text: string): Row {
  const parsed = parseExact(text)
  if (!isJsonRecord(parsed)) throw badJson('It is not an object.')
  return Object.fromEntries(
    Object.entries(parsed).map(([field, value]) => [field, fieldValue(schema, field, value)]),
  )
}

/** A number as it was written, so that no digit is lost before the column is known. */
class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Json = null | boolean | string | NumberText | readonly Json[] | { readonly [field: string]: Json }

function isJsonRecord(value: Json): value is { readonly [field: string]: Json } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  )
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

function parseExact(text: string): Json {
  const keepNumbers: Reviver = (_, value, { source }) =>
    typeof value === 'number' ? new NumberText(source ?? String(value)) : value
  try {
    // The standard library's types do not know the third argument yet (JSON.parse source text access).
    return JSON.parse(text, keepNumbers as (key: string, value: unknown) => unknown) as Json
  } catch (error) {
    throw badJson(error instanceof Error ? `${error.message.replace(/\.?$/, '.')}` : '')
  }
}

function fieldValue(schema: TableSchema, field: string, value: Json): Value {
  const type = Object.hasOwn(schema.columns, field) ? schema.columns[field] : 'any'
  const typed =
    type === 'decimal' || type === 'datetime' || type === 'uuid' || type === 'recordId' || type === 'duration'
  if (typed && typeof value === 'string') return columnValue(schema, field, value)
  if (value instanceof NumberText && (type === 'decimal' || type === 'int'))
    return columnValue(schema, field, value.text)
  if (type === 'bytes' && typeof value === 'string') return new Uint8Array(Buffer.from(value, 'base64'))
  return plainFromJson(value)
}

function plainFromJson(value: Json): Value {
  if (value instanceof NumberText) return numberFrom(value.text)
  // Array.isArray widens a readonly array to any[].
  if (Array.isArray(value)) return (value as readonly Json[]).map(plainFromJson)
  if (isJsonRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([field, item]) => [field, plainFromJson(item)]))
  }
  // What is left is null, a boolean or a text.
  return value as null | boolean | string
}

function numberFrom(text: string): Value {
  const number = Number(text)
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number
}

function plainValue(value: Value): unknown {
  if (typeof value === 'bigint') return rawNumber(String(value))
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date || value instanceof Tagged) return value.toJSON()
  if (isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([field, item]) => [field, plainValue(item)]))
  }
  return value.map(plainValue)
}

/** All digits of a whole number that no double can hold. */
function rawNumber(text: string): unknown {
  // The standard library's types do not know it yet; every Node this runs on does.
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}

function badJson(reason: string): FreshetError {
  return new FreshetError({
    code: 'cli/bad-json',
    kind: 'usage',
    message: `The row is no JSON object: ${reason} Put it in single quotes, such as '{"name":"X"}'.`,
  })
}
