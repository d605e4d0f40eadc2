import { decimal, duration, uuid, type ColumnType, type Value } from '@freshet/core'
import { spellsDecimal, textToValue } from '../text-value.ts'
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
      return (text) => textToValue(text.replace(/ +$/, ''), declared, jsonToValue)
    case 'text':
    case 'other':
      return declared === 'text' ? asIs : (text) => textToValue(text, declared, jsonToValue)
  }
}

const asIs: Decoder = (text) => text

function numberDecoder(declared: ColumnType, own: Decoder): Decoder {
  if (declared === 'text') return asIs
  return declared === 'decimal' ? (text) => (spellsDecimal(text) ? decimal(text) : Number(text)) : own
}

function numericToValue(declared: ColumnType): Decoder {
  if (declared === 'float') return Number
  // NaN and the infinities are no decimals; as numbers they mean the same.
  return (text) => {
    if (declared === 'int' && /^-?\d+$/.test(text)) return integer(text)
    return spellsDecimal(text) ? decimal(text) : Number(text)
  }
}

function integer(text: string): Value {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function itemToValue(item: ArrayItem, decode: Decoder): Value {
  if (item === null) return null
  return typeof item === 'string' ? decode(item) : item.map((nested) => itemToValue(nested, decode))
}
