import { asFloat, zero, type Float } from './float.ts'
import { FloatError } from './float-error.ts'
import { powerOfTen } from './powers-of-ten.ts'

const int32Max = 2 ** 31 - 1
const int32Min = -(2 ** 31)
const coefficientBits = 224
const shift = BigInt(coefficientBits)

/** log10 of 2^223, a hair high, so that an estimate from it never drops a digit too many. */
const log10OfLargest = 67.1296891

/** A float taken apart: value = coefficient × 10^exponent. */
export type Unpacked = {
  /** From −2^223 to 2^223 − 1. */
  readonly coefficient: bigint
  /** From −2^31 to 2^31 − 1. */
  readonly exponent: number
}

/** Takes a float apart. Zero keeps the exponent it was written with. */
export function unpack(float: Float): Unpacked {
  return { coefficient: coefficientOf(float), exponent: exponentOf(float) }
}

/**
 * The float of coefficient × 10^exponent, rounded towards zero to what fits.
 *
 * A value too small for an exponent of 32 bits becomes zero.
 *
 * @param coefficient - From −2^255 to 2^255 − 1.
 * @param exponent - A whole number.
 * @returns `lossless` is false when the coefficient did not fit as it was, even if only zeros were dropped.
 * @throws {FloatError} `ExponentOverflow`: the value is too large.
 */
export function packLossy(
  coefficient: bigint,
  exponent: number,
): { readonly float: Float; readonly lossless: boolean } {
  assertParts(coefficient, exponent)
  const float = packRounded(coefficient, exponent)
  const fits = BigInt.asIntN(coefficientBits, coefficient) === coefficient
  return { float, lossless: coefficient === 0n || (fits && exponent >= int32Min) }
}

/**
 * The float of exactly coefficient × 10^exponent.
 *
 * @throws {FloatError} `CoefficientOverflow`: the coefficient does not fit 224 bits as it is, or the value is
 * too small. `ExponentOverflow`: the value is too large.
 */
export function packLossless(coefficient: bigint, exponent: number): Float {
  const { float, lossless } = packLossy(coefficient, exponent)
  if (!lossless) throw coefficientOverflow(coefficient, BigInt(exponent))
  return float
}

/** The signed coefficient of a float. */
export function coefficientOf(float: Float): bigint {
  return BigInt.asIntN(coefficientBits, float)
}

/** The signed exponent of a float. */
export function exponentOf(float: Float): number {
  return Number(float >> shift) | 0
}

/**
 * Packs a coefficient of any size, rounded towards zero by as few digits as must go.
 *
 * @param asOnChain - What the chain holds before it packs, for the error only. Default the two given.
 */
export function packRounded(
  coefficient: bigint,
  exponent: number,
  asOnChain: () => readonly [coefficient: bigint, exponent: number] = () => [coefficient, exponent],
): Float {
  let packed = coefficient
  let packedExponent = exponent
  if (BigInt.asIntN(coefficientBits, packed) !== packed) {
    const digits = Math.max(0, Math.ceil(Math.log10(Math.abs(Number(packed))) - log10OfLargest))
    packed /= powerOfTen(digits)
    packedExponent += digits
    while (BigInt.asIntN(coefficientBits, packed) !== packed) {
      packed /= 10n
      packedExponent++
    }
  }
  if (packed === 0n || packedExponent < int32Min) return zero
  if (packedExponent > int32Max) throw exponentOverflow(...asOnChain())
  return asFloat((BigInt(packedExponent >>> 0) << shift) | BigInt.asUintN(coefficientBits, packed))
}

export function coefficientOverflow(coefficient: bigint, exponent: bigint): FloatError {
  return new FloatError(
    'CoefficientOverflow',
    `${coefficient}e${exponent} cannot be held exactly. Use fewer digits or pack it lossy.`,
    [coefficient, exponent],
  )
}

export function exponentOverflow(coefficient: bigint, exponent: bigint | number): FloatError {
  return new FloatError(
    'ExponentOverflow',
    `${coefficient}e${exponent} is too large: exponents end at ${int32Max}. Use a smaller value.`,
    [coefficient, BigInt(exponent)],
  )
}

function assertParts(coefficient: bigint, exponent: number): void {
  if (BigInt.asIntN(256, coefficient) !== coefficient) {
    throw new RangeError('The coefficient is longer than 256 bits. Give −2^255 to 2^255 − 1.')
  }
  if (!Number.isSafeInteger(exponent)) throw new RangeError(`The exponent ${exponent} is no whole number.`)
}
