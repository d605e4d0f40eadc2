import { datetime, decimal, duration, Tagged, uuid, type ColumnType, type Value } from '@freshet/core'

/**
 * What a text stands for in a column that is declared to be of this type, where
 * the database keeps such values as text. One that does not spell such a value stays text.
 *
 * @param readJson - How the database's JSON is read.
 */
export function textToValue(text: string, declared: ColumnType, readJson: (text: string) => Value): Value {
  switch (declared) {
    case 'decimal':
      return spellsDecimal(text) ? decimal(text) : text
    case 'datetime':
      return isoToInstant(text)
    case 'uuid':
      return uuid(text)
    case 'duration':
      return duration(text)
    case 'recordId':
      return text.includes(':') ? new Tagged('recordId', text) : text
    case 'array':
    case 'object':
      return readJson(text)
    case 'any':
    case 'bool':
    case 'int':
    case 'float':
    case 'text':
    case 'bytes':
      return text
  }
}

/** Whether the text is a decimal number, with or without an exponent. */
export function spellsDecimal(text: string): boolean {
  return decimalText.test(text)
}

/** A `Date` where the text has no more than milliseconds, else a tagged datetime; other text stays text. */
export function isoToInstant(text: string): Value {
  if (!isoMs.test(text)) return isoText.test(text) ? datetime(text) : text
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? text : date
}

const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const isoText = /^([+-]\d{6}|\d{4})-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i
const isoMs = /^([+-]\d{6}|\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3}0*)?Z$/
