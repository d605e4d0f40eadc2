import type { Tagged } from './value.ts'

/**
 * A number as `sign × 0.digits × 10^exponent`, digits without zeros at either
 * end; zero has no digits. Exact for any text, at the price of parsing it.
 */
export type DecimalParts = {
  readonly sign: -1 | 0 | 1
  readonly digits: string
  readonly exponent: number
}

const decimalText = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i

/** The parts of a decimal text, or `undefined` when it is not one. */
export function parseDecimal(text: string): DecimalParts | undefined {
  const match = decimalText.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const all = whole + fraction
  if (all === '') return undefined
  const digits = all.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return { sign: 0, digits: '', exponent: 0 }
  const leadingZeros = all.length - digits.length
  return {
    sign: sign === '-' ? -1 : 1,
    digits: significant,
    exponent: whole.length - leadingZeros + Number(exponent),
  }
}

/**
 * The parts of any number but NaN.
 *
 * A whole `number` stands for exactly itself, as a `bigint` does; a fraction
 * stands for its shortest text, so that `decimal('0.1')` equals `0.1`. Both
 * keep the order of the numbers, because no other number rounds to that text.
 */
export function decimalParts(value: number | bigint | Tagged): DecimalParts | undefined {
  if (typeof value === 'object') return parseDecimal(value.text)
  if (value === Infinity || value === -Infinity) {
    return { sign: value > 0 ? 1 : -1, digits: '1', exponent: Infinity }
  }
  // Beyond 2^53 a number prints with zeros in place of its last digits.
  const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value)
  return parseDecimal(String(isRounded ? BigInt(value) : value))
}
