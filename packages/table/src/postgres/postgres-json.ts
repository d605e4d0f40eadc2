import { isRecord, type Row, type Value } from '@freshet/core'

/** A JSON text as a value. Integers beyond 2^53 are bigints, as everywhere. */
export function jsonToValue(text: string): Value {
  try {
    // Any JSON value is a Value, and so is a bigint.
    return (longInteger.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text)) as Value
  } catch {
    return text
  }
}

/** A value that JSON cannot hold exactly, and where in it. */
export class NoJson extends Error {
  override readonly name = 'NoJson'
  readonly path: string

  constructor(path: string, reason: string) {
    super(reason)
    this.path = path
  }
}

/**
 * A value as JSON that PostgreSQL takes and gives back unchanged.
 *
 * @throws {NoJson} for a value JSON has no exact form of, or a text that `jsonb` refuses.
 */
export function valueToJson(value: Value, path: string): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return numberToJson(value, path)
  if (typeof value === 'string') return textToJson(value, path)
  if (Array.isArray(value)) {
    // Array.isArray widens a readonly array of values to any[].
    const items = value as readonly Value[]
    return `[${items.map((item, index) => valueToJson(item, `${path}[${index}]`)).join(',')}]`
  }
  if (!isRecord(value)) throw new NoJson(path, 'JSON, in which the column keeps it, cannot hold it exactly')
  const record: Row = value
  const fields = Object.entries(record).map(
    ([field, nested]) => `${textToJson(field, path)}:${valueToJson(nested, `${path}.${field}`)}`,
  )
  return `{${fields.join(',')}}`
}

const longInteger = /\d{16}/

function exactInteger(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}

/** A whole number stands for exactly itself, whatever its size [V1]. */
function numberToJson(value: number, path: string): string {
  if (!Number.isFinite(value)) throw new NoJson(path, `JSON has no ${value}`)
  return Number.isInteger(value) ? BigInt(value).toString() : String(value)
}

function textToJson(text: string, path: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return JSON.stringify(text)
  throw new NoJson(path, 'PostgreSQL has no text with NUL in it or that is not valid Unicode')
}
