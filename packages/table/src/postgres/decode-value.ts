import { datetime, decimal, duration, Tagged, uuid, type ColumnType, type Value } from '@freshet/core'
import { parseArray, type ArrayItem } from './postgres-array.ts'
import { textToInstant } from './postgres-instant.ts'
import { jsonToValue } from './postgres-json.ts'
import type { PgKind, PgScalar } from './postgres-kind.ts'

export type Decoder = (text: string) => Value

/**
 * Reads the text that PostgreSQL makes of a value: by the type it has there,
 * and by the type the schema declares where the two leave a choice.
 *
 * Nothing is rounded: an `int8` beyond 2^53 is a bigint, a `numeric` a decimal,
 * an instant finer than a millisecond a tagged datetime. A text that does not
 * spell a value of the declared type stays text.
 */
export function decoderOf({ scalar, isArray }: PgKind, declared: ColumnType): Decoder {
  if (isArray) {
    if (declared === 'text') return asIs
    const item = scalarDecoder(scalar, 'any')
    return (text) => parseArray(text).map((each) => itemToValue(each, item))
  }
  return scalarDecoder(scalar, declared)
}

function scalarDecoder(scalar: PgScalar, declared: ColumnType): Decoder {
  switch (scalar) {
    case 'bool':
      return declared === 'text' ? asIs : (text) => text === 't'
    case 'int2':
    case 'int4':
    case 'int8':
      return numberDecoder(declared, integer)
    case 'float4':
    case 'float8':
      return numberDecoder(declared, Number)
    case 'numeric':
      return numberDecoder(declared, numericToValue(declared))
    case 'bytea':
      return (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))
    case 'timestamptz':
      return declared === 'text' ? asIs : textToInstant
    case 'timestamp':
    case 'date':
      return declared === 'datetime' ? textToInstant : asIs
    case 'uuid':
      return declared === 'text' ? asIs : uuid
    case 'json':
    case 'jsonb':
      return declared === 'text' ? asIs : jsonToValue
    case 'interval':
      return declared === 'text' ? asIs : duration
    case 'bpchar':
      // The blanks it is filled up with say nothing.
      return (text) => declaredText(text.replace(/ +$/, ''), declared)
    case 'text':
    case 'other':
      return declared === 'text' ? asIs : (text) => declaredText(text, declared)
  }
}

const asIs: Decoder = (text) => text

function numberDecoder(declared: ColumnType, own: Decoder): Decoder {
  if (declared === 'text') return asIs
  return declared === 'decimal' ? (text) => (decimalText.test(text) ? decimal(text) : Number(text)) : own
}

function numericToValue(declared: ColumnType): Decoder {
  if (declared === 'float') return Number
  // NaN and the infinities are no decimals; as numbers they mean the same.
  return (text) => {
    if (declared === 'int' && /^-?\d+$/.test(text)) return integer(text)
    return decimalText.test(text) ? decimal(text) : Number(text)
  }
}

function integer(text: string): Value {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const isoText = /^([+-]\d{6}|\d{4})-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)?)?$/i
const isoMs = /^([+-]\d{6}|\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3}0*)?Z$/

/** What a text stands for in a column that the schema declares to be of another type. */
function declaredText(text: string, declared: ColumnType): Value {
  switch (declared) {
    case 'decimal':
      return decimalText.test(text) ? decimal(text) : text
    case 'datetime':
      return isoInstant(text)
    case 'uuid':
      return uuid(text)
    case 'duration':
      return duration(text)
    case 'recordId':
      return text.includes(':') ? new Tagged('recordId', text) : text
    case 'array':
    case 'object':
      return jsonToValue(text)
    case 'any':
    case 'bool':
    case 'int':
    case 'float':
    case 'text':
    case 'bytes':
      return text
  }
}

function isoInstant(text: string): Value {
  if (!isoMs.test(text)) return isoText.test(text) ? datetime(text) : text
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? text : date
}

function itemToValue(item: ArrayItem, decode: Decoder): Value {
  if (item === null) return null
  return typeof item === 'string' ? decode(item) : item.map((nested) => itemToValue(nested, decode))
}
