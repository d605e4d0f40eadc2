import { isRecord, Tagged, type Value } from '@freshet/core'

/** A value as the grid shows it. `kind` picks its looks; `title` says more where the text says less. */
export type ShownValue = {
  readonly kind: 'absent' | 'null' | 'text' | 'number' | 'bool' | 'time' | 'reference' | 'structure'
  readonly text: string
  /** Of a reference: the table it points into. */
  readonly table?: string | undefined
  readonly title?: string | undefined
}

/** Longer texts are cut: a cell is no place to read a book. */
const maxShownChars = 200

export function formatValue(value: Value | undefined): ShownValue {
  if (value === undefined) return { kind: 'absent', text: '' }
  if (value === null) return { kind: 'null', text: 'null' }
  switch (typeof value) {
    case 'boolean':
      return { kind: 'bool', text: String(value) }
    case 'number':
    case 'bigint':
      return { kind: 'number', text: String(value) }
    case 'string':
      return cut('text', value)
    default:
      return formatObject(value)
  }
}

/** A value in one line, in the notation of its literals. */
export function compactText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(compactText).join(', ')}]`
  if (isRecord(value)) {
    const fields = Object.entries(value).map(([field, item]) => `${field}: ${compactText(item)}`)
    return `{${fields.join(', ')}}`
  }
  return formatValue(value).title ?? formatValue(value).text
}

function formatObject(value: Extract<Value, object>): ShownValue {
  if (value instanceof Date) return { kind: 'time', text: localTime(value), title: value.toISOString() }
  if (value instanceof Tagged) return formatTagged(value)
  if (value instanceof Uint8Array) return { kind: 'structure', text: `${value.length} bytes` }
  return cut('structure', compactText(value))
}

function formatTagged({ tag, text }: Tagged): ShownValue {
  switch (tag) {
    case 'decimal':
      return { kind: 'number', text }
    case 'datetime':
      return { kind: 'time', text: localTime(new Date(text)), title: text }
    case 'recordId': {
      const colon = text.indexOf(':')
      return { kind: 'reference', text: text.slice(colon + 1), table: text.slice(0, colon), title: text }
    }
    case 'uuid':
    case 'duration':
      return { kind: 'text', text }
  }
}

function cut(kind: 'text' | 'structure', text: string): ShownValue {
  if (text.length <= maxShownChars) return { kind, text, title: text }
  return { kind, text: `${text.slice(0, maxShownChars)}…`, title: `${text.slice(0, 10 * maxShownChars)}` }
}

/** Local time, written so that sorting by eye works. */
function localTime(time: Date): string {
  if (Number.isNaN(time.getTime())) return 'no valid time'
  const two = (part: number): string => String(part).padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}
