import type { Float } from './float.ts'
import { arithmeticPanic, FloatError } from './float-error.ts'
import { int256Max } from './maximize.ts'
import { coefficientOf, exponentOf, packLossless, packLossy } from './pack.ts'
import { powerOfTen } from './powers-of-ten.ts'

/** Beyond this many digits every coefficient is less than one unit. */
const mostDigits = 77

/**
 * The float of an integer amount: 1500000 with 6 decimals is 1.5.
 *
 * @param value - From 0 to 2^256 − 1, in the smallest unit of a token.
 * @param decimals - From 0 to 255.
 * @throws {FloatError} `LossyConversionToFloat` or `CoefficientOverflow`: the amount does not fit exactly;
 * from 2^223 on none does.
 */
export function fromFixedDecimalLossless(value: bigint, decimals: number): Float {
  const { coefficient, exponent, lossless } = partsOfFixedDecimal(value, decimals)
  if (!lossless) {
    const message = `${value} with ${decimals} decimals does not fit a float exactly. Use the lossy conversion.`
    throw new FloatError('LossyConversionToFloat', message, [coefficient, BigInt(exponent)])
  }
  return packLossless(coefficient, exponent)
}

/**
 * The float of an integer amount, rounded towards zero where it does not fit.
 *
 * @param value - From 0 to 2^256 − 1, in the smallest unit of a token.
 * @param decimals - From 0 to 255.
 */
export function fromFixedDecimalLossy(
  value: bigint,
  decimals: number,
): { readonly float: Float; readonly lossless: boolean } {
  const { coefficient, exponent, lossless } = partsOfFixedDecimal(value, decimals)
  const packed = packLossy(coefficient, exponent)
  return { float: packed.float, lossless: packed.lossless && lossless }
}

/**
 * The integer amount of a float, in the smallest unit of a token, rounded down.
 *
 * The chain rounds down when it sends tokens; when it pulls them it adds one if `lossless` is false.
 *
 * @param decimals - From 0 to 255.
 * @throws {FloatError} `NegativeFixedDecimalConversion`: the float is negative. `Panic`: the amount is beyond
 * 2^256 − 1.
 */
export function toFixedDecimalLossy(
  float: Float,
  decimals: number,
): { readonly value: bigint; readonly lossless: boolean } {
  assertDecimals(decimals)
  const coefficient = coefficientOf(float)
  const exponent = exponentOf(float)
  if (coefficient < 0n) {
    const message = `${coefficient}e${exponent} is negative, and token amounts are not.`
    throw new FloatError('NegativeFixedDecimalConversion', message, [coefficient, BigInt(exponent)])
  }
  if (coefficient === 0n) return { value: 0n, lossless: true }
  const shift = exponent + decimals
  if (shift >= 0) return { value: scaleUp(coefficient, shift), lossless: true }
  if (shift < -mostDigits) return { value: 0n, lossless: false }
  const scale = powerOfTen(-shift)
  const value = coefficient / scale
  return { value, lossless: value * scale === coefficient }
}

/**
 * The integer amount of a float, in the smallest unit of a token.
 *
 * @param decimals - From 0 to 255.
 * @throws {FloatError} as {@link toFixedDecimalLossy}, and `LossyConversionFromFloat`: the float has digits
 * below the smallest unit.
 */
export function toFixedDecimalLossless(float: Float, decimals: number): bigint {
  const { value, lossless } = toFixedDecimalLossy(float, decimals)
  if (lossless) return value
  const [coefficient, exponent] = [coefficientOf(float), exponentOf(float)]
  const message = `${coefficient}e${exponent} has more than ${decimals} decimals. Use the lossy conversion.`
  throw new FloatError('LossyConversionFromFloat', message, [coefficient, BigInt(exponent)])
}

function partsOfFixedDecimal(
  value: bigint,
  decimals: number,
): { readonly coefficient: bigint; readonly exponent: number; readonly lossless: boolean } {
  assertDecimals(decimals)
  if (value !== BigInt.asUintN(256, value)) {
    throw new RangeError(`${value} is not an amount of the chain. Give 0 to 2^256 − 1.`)
  }
  const exponent = -decimals
  if (value <= int256Max) return { coefficient: value, exponent, lossless: true }
  return { coefficient: value / 10n, exponent: exponent + 1, lossless: value % 10n === 0n }
}

function scaleUp(coefficient: bigint, zeros: number): bigint {
  const value = zeros > mostDigits ? undefined : coefficient * powerOfTen(zeros)
  if (value !== undefined && value === BigInt.asUintN(256, value)) return value
  throw arithmeticPanic(`${coefficient} with ${zeros} zeros is beyond 2^256 − 1. Use a smaller amount.`)
}

function assertDecimals(decimals: number): void {
  if (Number.isInteger(decimals) && decimals >= 0 && decimals <= 255) return
  throw new RangeError(`${decimals} is no number of decimals. Give 0 to 255.`)
}
