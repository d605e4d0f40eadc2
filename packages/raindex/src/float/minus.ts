import type { Float } from './float.ts'
import { coefficientOf, exponentOf, packRounded } from './pack.ts'

/**
 * −a. The encoding stays, except that zero becomes the canonical zero and the
 * one coefficient without a counterpart, −2^223, loses a digit.
 *
 * @throws {FloatError} `ExponentOverflow`: a is the most negative float of all.
 */
export function minus(a: Float): Float {
  return packRounded(-coefficientOf(a), exponentOf(a))
}

/**
 * a without its sign; see {@link minus} for its encoding.
 *
 * @throws {FloatError} `ExponentOverflow`: a is the most negative float of all.
 */
export function abs(a: Float): Float {
  const coefficient = coefficientOf(a)
  return packRounded(coefficient < 0n ? -coefficient : coefficient, exponentOf(a))
}
