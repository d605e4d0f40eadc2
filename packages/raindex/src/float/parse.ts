import type { Float } from './float.ts'
import { FloatError, type FloatErrorName } from './float-error.ts'
import { int256Max } from './maximize.ts'
import { coefficientOverflow, exponentOverflow, packLossless } from './pack.ts'
import { powerOfTen } from './powers-of-ten.ts'

/** More digits behind the point than this cannot follow an integer part. */
const mostDecimals = 67

const integerPart = /(-*)(\d*)/y
const fractionPart = /\.(\d*)/y
const exponentPart = /[eE](-*)(\d*)/y

/**
 * Reads a decimal number: `-12.5`, `1e18`, `1.23e-5`.
 *
 * Exact or refused, never rounded. Zeros behind the point do not count:
 * `1.50` is `1.5`. No spaces, no `+`, no digits left out.
 *
 * @throws {FloatError} `ParseEmptyDecimalString`, `MalformedDecimalPoint`, `MalformedExponentDigits`,
 * `ParseDecimalOverflow`, `ParseDecimalPrecisionLoss`, `ParseDecimalFloatExcessCharacters` for what cannot be
 * read; `CoefficientOverflow` and `ExponentOverflow` for what can be read but not held.
 */
export function parse(text: string): Float {
  const [, sign = '', digits = '', end] = partAt(integerPart, text, 0)
  if (digits === '') throw refusal('ParseEmptyDecimalString', text)
  const integer = readInteger(sign, digits, text)
  const fraction = readFraction(text, end)
  const coefficient = joinParts(integer, sign !== '', fraction.digits, text)
  const [whole, exponentSign = '', exponentDigits = '', last] = partAt(exponentPart, text, fraction.end)
  if (whole !== '' && exponentDigits === '') throw refusal('MalformedExponentDigits', text)
  const shift = exponentDigits === '' ? 0n : readInteger(exponentSign, exponentDigits, text)
  if (last !== text.length) throw refusal('ParseDecimalFloatExcessCharacters', text)
  return packParsed(coefficient, BigInt.asIntN(256, shift - BigInt(fraction.digits?.length ?? 0)))
}

type Part = readonly [whole: string, first: string | undefined, second: string | undefined, end: number]

/** What a sticky pattern finds at a place; the whole is empty when it finds nothing. */
function partAt(pattern: RegExp, text: string, start: number): Part {
  pattern.lastIndex = start
  const found = pattern.exec(text)
  return found === null
    ? ['', undefined, undefined, start]
    : [found[0], found[1], found[2], pattern.lastIndex]
}

/** The digits behind the point without the zeros at their end; undefined where there is no point. */
function readFraction(
  text: string,
  start: number,
): { readonly digits: string | undefined; readonly end: number } {
  const [whole, digits = '', , end] = partAt(fractionPart, text, start)
  if (whole === '') return { digits: undefined, end: start }
  if (digits === '') throw refusal('MalformedDecimalPoint', text)
  return { digits: digits.replace(/0+$/, ''), end }
}

/** Minus signs are skipped, but only one of them is a sign; with more, what is read overflows. */
function readInteger(sign: string, digits: string, text: string): bigint {
  const magnitude = readDigits(digits, text)
  if (sign.length > 1) throw refusal('ParseDecimalOverflow', text)
  if (magnitude > int256Max + BigInt(sign.length)) throw refusal('ParseDecimalOverflow', text)
  return sign === '' ? magnitude : -magnitude
}

function readDigits(digits: string, text: string): bigint {
  const significant = digits.replace(/^0+/, '')
  // Checked by length first: the time to read digits grows with the square of their number.
  if (significant.length > 78) throw refusal('ParseDecimalOverflow', text)
  return significant === '' ? 0n : BigInt(significant)
}

function joinParts(integer: bigint, negative: boolean, decimals: string | undefined, text: string): bigint {
  if (decimals === undefined) return integer
  const fraction = readInteger('', decimals, text)
  const signed = negative ? -fraction : fraction
  if (integer === 0n) return signed
  if (decimals.length > mostDecimals) throw refusal('ParseDecimalPrecisionLoss', text)
  const scaled = integer * powerOfTen(decimals.length)
  if (BigInt.asIntN(224, scaled) !== scaled) throw refusal('ParseDecimalPrecisionLoss', text)
  return scaled + signed
}

/** Text can give exponents that no number of JavaScript holds exactly. */
function packParsed(coefficient: bigint, exponent: bigint): Float {
  const safe = BigInt.asIntN(53, exponent)
  if (safe === exponent || coefficient === 0n) return packLossless(coefficient, Number(safe))
  throw exponent < 0n ? coefficientOverflow(coefficient, exponent) : exponentOverflow(coefficient, exponent)
}

const reasons = {
  ParseEmptyDecimalString: 'has no digits where a number starts',
  MalformedDecimalPoint: 'has no digits behind its decimal point',
  MalformedExponentDigits: 'has no digits in its exponent',
  ParseDecimalOverflow: 'has a part beyond 256 bits or more than one minus sign',
  ParseDecimalPrecisionLoss: 'has more digits than a float holds',
  ParseDecimalFloatExcessCharacters: 'goes on after the number',
} as const satisfies Partial<Record<FloatErrorName, string>>

function refusal(errorName: keyof typeof reasons, text: string): FloatError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new FloatError(errorName, `${JSON.stringify(shown)} ${reasons[errorName]}. Write it as in -12.5e3.`)
}
