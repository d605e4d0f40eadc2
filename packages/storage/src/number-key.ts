import type { KeyBytes } from './key-bytes.ts'

// Tags of the numeric part of the order; see SPEC.md ST6.
const nan = 0x10
const minusInfinity = 0x11
const negative = 0x12
const zero = 0x13
const positive = 0x14
const plusInfinity = 0x15

const decimalText = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i
// Below this, base-100 digits can be taken by arithmetic without losing precision.
const fastLimit = 1e14
const farthestExponent = 2 ** 46

/** Writes a number so that byte order is numeric order. */
export function writeNumber(out: KeyBytes, value: number): void {
  if (value === 0) out.byte(zero)
  else if (Number.isInteger(value)) writeInteger(out, value)
  else if (Number.isNaN(value)) out.byte(nan)
  else if (value === Infinity) out.byte(plusInfinity)
  else if (value === -Infinity) out.byte(minusInfinity)
  else writeDecimal(out, String(value))
}

/**
 * Writes a decimal text among the numbers, exactly.
 *
 * @returns false when the text is no number this order can place; nothing is written then.
 */
export function writeDecimal(out: KeyBytes, text: string): boolean {
  const parts = decimalText.exec(text)
  if (parts === null) return writeNamedNumber(out, text)
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts
  if (whole === '' && fraction === '') return false
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  const exponent = whole.length - (all.length - digits.length) + Number(power)
  if (digits === '') out.byte(zero)
  else if (Math.abs(exponent) > farthestExponent) return false
  else writeDigits(out, sign === '-', digits, exponent)
  return true
}

/** Texts by which databases name what has no digits. */
function writeNamedNumber(out: KeyBytes, text: string): boolean {
  const name = text.toLowerCase()
  if (name === 'nan') out.byte(nan)
  else if (name === 'infinity' || name === '+infinity') out.byte(plusInfinity)
  else if (name === '-infinity') out.byte(minusInfinity)
  else return false
  return true
}

function writeInteger(out: KeyBytes, value: number): void {
  const magnitude = Math.abs(value)
  if (magnitude >= fastLimit) {
    // Through bigint, because a float prints beyond 2^53 what it does not hold.
    const digits = BigInt(magnitude).toString()
    writeDigits(out, value < 0, digits, digits.length)
    return
  }
  let length = 1
  for (let bound = 10; magnitude >= bound; bound *= 10) length += 1
  const flip = writeHead(out, value < 0, length)
  let rest = length % 2 === 0 ? magnitude : magnitude * 10
  let unit = 100 ** (Math.ceil(length / 2) - 1)
  while (rest > 0) {
    const pair = Math.floor(rest / unit)
    out.byte((pair + 1) ^ flip)
    rest -= pair * unit
    unit /= 100
  }
  out.byte(flip)
}

/** A value of ±0.`digits` × 10^`exponent`; `digits` starts with no zero. */
function writeDigits(out: KeyBytes, isNegative: boolean, digits: string, exponent: number): void {
  const flip = writeHead(out, isNegative, exponent)
  const significant = digits.replace(/0+$/, '')
  for (let at = 0; at < significant.length; at += 2) {
    const pair = significant.slice(at, at + 2).padEnd(2, '0')
    out.byte((Number(pair) + 1) ^ flip)
  }
  out.byte(flip)
}

/** Writes sign and exponent; all bytes of a negative number are flipped, so that larger sorts first. */
function writeHead(out: KeyBytes, isNegative: boolean, exponent: number): number {
  out.byte(isNegative ? negative : positive)
  const flip = isNegative ? 0xff : 0
  if (exponent >= -100 && exponent <= 100) {
    out.byte((0x80 + exponent) ^ flip)
    return flip
  }
  out.byte((exponent > 0 ? 0xf0 : 0x08) ^ flip)
  const biased = exponent + 2 ** 47
  for (let unit = 2 ** 40; unit >= 1; unit /= 256) out.byte((Math.floor(biased / unit) % 256) ^ flip)
  return flip
}
