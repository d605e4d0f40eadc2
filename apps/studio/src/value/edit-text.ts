import { decimal, Tagged, type ColumnType, type Value } from '@freshet/core'

/** What a person typed, as what to write: a value, or no value. */
export type EditedValue = { readonly kind: 'set'; readonly value: Value } | { readonly kind: 'unset' }

/** A value as text to edit; `readEdit` makes the same value of it. */
export function editText(value: Value | undefined, type: ColumnType): string {
  if (value === undefined || value === null) return ''
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Tagged || typeof value !== 'object') return String(value)
  return JSON.stringify(value, jsonValue, type === 'array' || type === 'object' ? 2 : 0)
}

/**
 * Reads what was typed by the type of its column.
 *
 * Nothing is refused here: what does not fit the type goes to the database as
 * it is, which refuses it with its own reason. An empty field that is not text
 * is one without a value.
 */
export function readEdit(text: string, type: ColumnType): EditedValue {
  const trimmed = text.trim()
  if (type === 'text') return set(text)
  if (trimmed === '') return { kind: 'unset' }
  return set(valueOf(trimmed, type))
}

function valueOf(text: string, type: ColumnType): Value {
  switch (type) {
    case 'bool':
      return boolOf(text)
    case 'int':
      return intOf(text)
    case 'float':
      return Number.isNaN(Number(text)) ? text : Number(text)
    case 'decimal':
      return decimalText.test(text) ? decimal(text) : text
    case 'datetime':
      return timeOf(text)
    case 'recordId':
      return /^[^:]+:.+/s.test(text) ? new Tagged('recordId', text) : text
    case 'uuid':
    case 'duration':
      return new Tagged(type, text)
    case 'array':
    case 'object':
    case 'any':
      return jsonOf(text)
    case 'text':
    case 'bytes':
      return text
  }
}

const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)$/

function boolOf(text: string): Value {
  if (/^(true|yes|on|1)$/i.test(text)) return true
  return /^(false|no|off|0)$/i.test(text) ? false : text
}

function intOf(text: string): Value {
  if (!/^[+-]?\d+$/.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function timeOf(text: string): Value {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? text : time
}

/** Tagged values inside a structure, as an object that JSON can hold. */
function jsonValue(this: unknown, key: string, value: unknown): unknown {
  // JSON.stringify hands over what toJSON made; the original is in the object being written.
  const original: unknown = isIndexable(this) ? this[key] : value
  if (original instanceof Tagged) return { [`$${original.tag}`]: original.text }
  if (original instanceof Date) return { $date: original.toISOString() }
  if (typeof value === 'bigint') return { $int: String(value) }
  return value
}

function jsonOf(text: string): Value {
  try {
    // The reviver returns values only.
    return JSON.parse(text, reviveValue) as Value
  } catch {
    return text
  }
}

function reviveValue(_key: string, value: unknown): unknown {
  if (!isIndexable(value) || Array.isArray(value)) return value
  const [entry, ...others] = Object.entries(value)
  if (entry === undefined || others.length > 0) return value
  const [name, text] = entry
  if (typeof text !== 'string') return value
  if (name === '$int' && /^-?\d+$/.test(text)) return BigInt(text)
  if (name === '$date') return timeOf(text)
  if (name === '$decimal' && decimalText.test(text)) return decimal(text)
  const tag = (['recordId', 'uuid', 'duration', 'datetime'] as const).find((known) => name === `$${known}`)
  return tag === undefined ? value : new Tagged(tag, text)
}

function isIndexable(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null
}

function set(value: Value): EditedValue {
  return { kind: 'set', value }
}
