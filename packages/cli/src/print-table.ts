import { isRecord, Tagged, type ColumnType, type Row, type Value } from '@freshet/core'
import type { AnyTable } from '@freshet/table'
import { rowToJson } from './json-value.ts'

/** Columns shown in a table of text; the rest is for `get` and `--json`. */
const maxColumns = 5
const maxCellWidth = 40
const mismatch = '\u001b[48;5;224m'
const plain = '\u001b[0m'

type Cell = { readonly text: string; readonly odd: boolean }

/** Rows as lines of text: a header, dashes, one line for each row. */
export function printTable(table: AnyTable, rows: Iterable<Row>, colour: boolean): readonly string[] {
  const columns = table.columnNames.slice(0, maxColumns)
  const cells = [...rows].map((row) =>
    columns.map((column) => cellOf(row[column], table.columnTypes[column] ?? 'any')),
  )
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...cells.map((line) => displayWidth(line[at]?.text ?? ''))),
  )
  const pad = (text: string, at: number): string =>
    text + ' '.repeat(Math.max(0, (widths[at] ?? 0) - displayWidth(text)))
  const line = (parts: readonly string[]): string => parts.join('  ').trimEnd()
  return [
    line(columns.map(pad)),
    line(widths.map((width) => '-'.repeat(width))),
    ...cells.map((row) =>
      line(
        row.map(({ text, odd }, at) => (odd && colour ? mismatch + pad(text, at) + plain : pad(text, at))),
      ),
    ),
  ]
}

function cellOf(value: Value | undefined, type: ColumnType): Cell {
  if (value === undefined || value === null) return { text: 'None', odd: false }
  const text = visible(valueText(value))
  const short =
    displayWidth(text) > maxCellWidth
      ? `${letters(text)
          .slice(0, maxCellWidth - 1)
          .join('')}…`
      : text
  return { text: short, odd: !fits(value, type) }
}

/** A value on one line, as a person would write it. */
export function valueText(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && !(value instanceof Tagged) && !(value instanceof Date)) {
    // Wrapped so that arrays and bytes are printed by the same rules.
    return rowToJson({ value }).slice('{"value":'.length, -1)
  }
  return value instanceof Date ? value.toISOString() : String(value)
}

/** Text without what a terminal would obey: rows come from others. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (mark) => {
    return mark === '\n' ? '⏎' : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function displayWidth(text: string): number {
  return letters(text).length
}

const segmenter = new Intl.Segmenter()

/** What a person counts as letters. */
function letters(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

function fits(value: Value, type: ColumnType): boolean {
  switch (type) {
    case 'any':
      return true
    case 'bool':
      return typeof value === 'boolean'
    case 'int':
      return typeof value === 'bigint' || Number.isInteger(value)
    case 'float':
      return typeof value === 'number'
    case 'text':
      return typeof value === 'string'
    case 'bytes':
      return value instanceof Uint8Array
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    case 'datetime':
      return value instanceof Date || (value instanceof Tagged && value.tag === 'datetime')
    case 'decimal':
    case 'uuid':
    case 'recordId':
    case 'duration':
      return value instanceof Tagged && value.tag === type
  }
}
