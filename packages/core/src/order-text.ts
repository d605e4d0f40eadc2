import { decimalParts } from './decimal-parts.ts'
import { dateInstant, parseInstant, type Instant } from './instant.ts'
import { isRecord, Tagged, type Value } from './value.ts'

/** Values nested deeper than this are not looked into: a hostile row must not exhaust the stack [V7]. */
export const maxDepth = 200

// First unit of a text is the family of its value, and they sort in this order:
// b boolean, c number, d text, e instant, f uuid, g record id, h duration,
// i bytes, j list, k record, z nothing. Never change them: stores keep these
// texts as the keys of their indexes.

// Ends what has no fixed length. Less than any unit that may follow, so that shorter sorts first.
const end = '\u0002'

/**
 * A text for a value, such that JavaScript's `<` on two of them is the order of
 * the values: the one decomposition that comparisons and the indexes of stores
 * share [V4, V6].
 *
 * Texts end themselves, so that those of a list of values can follow each other.
 * The first unit is the family of the value. What is absent counts as null.
 */
export function orderText(value: Value | undefined, depth = 0): string {
  switch (typeof value) {
    case 'boolean':
      return 'b' + Number(value)
    case 'number':
    case 'bigint':
      return numberText(value)
    case 'string':
      return 'd' + ended(value)
    default:
      break
  }
  if (value === null || value === undefined) return 'z'
  if (value instanceof Tagged) return taggedText(value)
  if (value instanceof Date) return instantText(dateInstant(value), '')
  if (value instanceof Uint8Array) return 'i' + ended(bytesAsText(value))
  const inside = depth < maxDepth
  if (!isRecord(value)) {
    return 'j' + (inside ? value.map((item) => orderText(item, depth + 1)).join('') : '') + end
  }
  const fields = inside
    ? Object.entries(value).map(([field, item]) => ended(`.${field}`) + orderText(item, depth + 1))
    : []
  return 'k' + fields.sort().join('') + end
}

/** What its text does not spell out sorts behind its kind, by that text. */
function taggedText(tagged: Tagged): string {
  const { tag, text } = tagged
  switch (tag) {
    case 'decimal':
      return numberText(tagged)
    case 'datetime':
      return instantText(parseInstant(text), text)
    case 'uuid':
      return 'f' + ended(text.toLowerCase())
    case 'recordId':
      return 'g' + ended(text)
    case 'duration': {
      const nanoseconds = durationNanoseconds(text)
      return nanoseconds === undefined ? `h1${ended(text)}` : `h0${numberText(nanoseconds)}`
    }
  }
}

/** Sign, exponent, digits; all of a negative number the other way round. NaN is behind infinity. */
function numberText(value: number | bigint | Tagged): string {
  const parts = decimalParts(value)
  if (parts === undefined) return typeof value === 'object' ? `c4${ended(value.text)}` : 'c3'
  const { sign, digits, exponent } = parts
  if (sign === 0) return 'c1'
  const head = 'c' + (sign + 1) + exponentText(sign * exponent)
  return (
    head + (sign > 0 ? digits + end : `${digits.replaceAll(/\d/g, (digit) => String(9 - Number(digit)))}~`)
  )
}

/** One unit for what is near, which all doubles below 10^96 are. */
function exponentText(exponent: number): string {
  if (Math.abs(exponent) <= 96) return String.fromCharCode(0x80 + exponent)
  if (Math.abs(exponent) === Infinity) return exponent > 0 ? '\u00f1' : '\u000f'
  return (exponent > 0 ? '\u00f0' : '\u0010') + numberText(exponent)
}

/** Seconds, then the fraction's digits, so that any precision sorts. */
function instantText(instant: Instant | undefined, otherwise: string): string {
  if (instant === undefined) return `e1${ended(otherwise)}`
  return `e0${numberText(instant.second)}${instant.fraction}${end}`
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const special = /[\0-\u0003\ud800-\uffff]/g

/**
 * A text with its end. Units that the end must stay below take two, and those
 * from U+D800 on change places, so that units sort as code points do.
 */
function ended(text: string): string {
  return text.replace(special, moved) + end
}

function moved(character: string): string {
  const unit = character.charCodeAt(0)
  return unit < 4 ? `\u0003${String.fromCharCode(unit + 4)}` : String.fromCharCode(codePointRank(unit))
}

/** A number for a UTF-16 unit by whose order texts sort by code point, as databases sort them. */
export function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

function bytesAsText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

const unitNanoseconds: { readonly [unit: string]: number } = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 36e11,
  d: 864e11,
  w: 6048e11,
  y: 31_536e12,
}
const durationPart = /(\d+)([a-zµμ]{1,2})/g

/** `1h30m` in nanoseconds; a year has 365 days. `undefined` for other notations. */
function durationNanoseconds(text: string): bigint | undefined {
  let total = 0n
  const rest = text.replace(durationPart, (part, amount: string, unit: string) => {
    const nanoseconds = unitNanoseconds[unit]
    if (nanoseconds === undefined) return part
    total += BigInt(amount) * BigInt(nanoseconds)
    return ''
  })
  return text === '' || rest !== '' ? undefined : total
}
