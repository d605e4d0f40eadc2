import { isRecord, Tagged, type ColumnType, type Filter, type Row, type Value } from '@freshet/core'
import { editText, readEdit } from '../value/edit-text.ts'
import { compactText, formatValue } from '../value/format-value.ts'

/** What a person typed above a column, as what to do. */
export type ColumnFilter =
  | { readonly kind: 'none' }
  /** A condition the kernel keeps true. */
  | { readonly kind: 'condition'; readonly filter: Filter }
  /** The shown text has this in it, in capitals or not. */
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'mistake'; readonly message: string }

/**
 * Reads `=x`, `!=x`, `>x`, `>=x`, `<x`, `<=x` and `a..b` as conditions by the
 * type of the column; anything else as text to look for.
 */
export function readColumnFilter(typed: string, field: string, type: ColumnType): ColumnFilter {
  const text = typed.trim()
  if (text === '') return { kind: 'none' }
  const comparison = /^(!=|>=|<=|=|>|<)\s*(.*)$/s.exec(text)
  if (comparison) {
    const [, sign = '=', operand = ''] = comparison
    const value = operandOf(operand, type)
    if (value === undefined) return mistake(operand, type)
    return { kind: 'condition', filter: { op: operators[sign] ?? 'eq', field, value } }
  }
  const range = /^(\S.*?)\s*\.\.\s*(\S.*)$/s.exec(text)
  if (range && isOrdered(type)) {
    const [from, to] = [operandOf(range[1] ?? '', type), operandOf(range[2] ?? '', type)]
    if (from === undefined || to === undefined) return mistake(text, type)
    const filters: Filter[] = [
      { op: 'gte', field, value: from },
      { op: 'lte', field, value: to },
    ]
    return { kind: 'condition', filter: { op: 'and', filters } }
  }
  return { kind: 'contains', text: text.toLowerCase() }
}

/** Whether a row shows the text in the field. */
export function rowContains(row: Row, field: string, text: string): boolean {
  const value = row[field]
  if (value === undefined) return false
  return searchText(value).toLowerCase().includes(text)
}

function searchText(value: Value): string {
  if (value instanceof Tagged || value instanceof Date) {
    return `${formatValue(value).text} ${editText(value, 'any')}`
  }
  return Array.isArray(value) || isRecord(value) ? compactText(value) : formatValue(value).text
}

const operators: { readonly [sign: string]: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' } = {
  '=': 'eq',
  '!=': 'neq',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
}

const orderedTypes: readonly ColumnType[] = ['int', 'float', 'decimal', 'datetime']

function isOrdered(type: ColumnType): boolean {
  return orderedTypes.includes(type)
}

/** The operand as a value of the column; `undefined` when it is none. No text is `null`: no value. */
function operandOf(text: string, type: ColumnType): Value | undefined {
  const edited = readEdit(text, type)
  if (edited.kind === 'unset') return null
  const { value } = edited
  const isText = typeof value === 'string'
  const wantsText = type === 'text' || type === 'any' || type === 'bytes'
  return isText && !wantsText ? undefined : value
}

function mistake(text: string, type: ColumnType): ColumnFilter {
  return { kind: 'mistake', message: `${JSON.stringify(text)} is not ${words[type]}.` }
}

const words: { readonly [type in ColumnType]: string } = {
  any: 'a value',
  bool: 'true or false',
  int: 'a whole number',
  float: 'a number',
  decimal: 'a decimal number',
  text: 'text',
  bytes: 'bytes',
  datetime: 'a time such as 2026-01-31',
  uuid: 'a UUID',
  recordId: 'a record id such as client:marty',
  duration: 'a duration such as 1h30m',
  array: 'a JSON list',
  object: 'a JSON object',
}
