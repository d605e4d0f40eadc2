import type { Float } from './float.ts'
import { coefficientOf, exponentOf } from './pack.ts'
import { powerOfTen } from './powers-of-ten.ts'

/** Beyond this many exponents apart the larger exponent decides alone: no coefficient has so many digits. */
const widestGap = 76

/** Whether a and b are the same value, in whatever encoding. */
export function eq(a: Float, b: Float): boolean {
  return compare(a, b) === 0
}

export function lt(a: Float, b: Float): boolean {
  return compare(a, b) < 0
}

export function lte(a: Float, b: Float): boolean {
  return compare(a, b) <= 0
}

export function gt(a: Float, b: Float): boolean {
  return compare(a, b) > 0
}

export function gte(a: Float, b: Float): boolean {
  return compare(a, b) >= 0
}

/** The smaller of two floats, with its bits; b when they are equal. */
export function min(a: Float, b: Float): Float {
  return lt(a, b) ? a : b
}

/** The larger of two floats, with its bits; b when they are equal. */
export function max(a: Float, b: Float): Float {
  return gt(a, b) ? a : b
}

/** Whether the value is zero, in any of its encodings. */
export function isZero(a: Float): boolean {
  return coefficientOf(a) === 0n
}

/** Below, at or above 0 as a is below, equal to or above b by value. For `Array.sort`. */
export function compare(a: Float, b: Float): number {
  if (a === b) return 0
  const aCoefficient = coefficientOf(a)
  const bCoefficient = coefficientOf(b)
  const gap = exponentOf(a) - exponentOf(b)
  if (gap === 0 || !sameSign(aCoefficient, bCoefficient)) return compareIntegers(aCoefficient, bCoefficient)
  return gap > 0
    ? compareScaled(aCoefficient, gap, bCoefficient)
    : -compareScaled(bCoefficient, -gap, aCoefficient)
}

/** Whether both are positive or both negative; zero has no sign. */
function sameSign(a: bigint, b: bigint): boolean {
  return a > 0n ? b > 0n : a < 0n && b < 0n
}

/** Compares a × 10^gap with b, both of one sign. */
function compareScaled(a: bigint, gap: number, b: bigint): number {
  if (gap > widestGap) return a < 0n ? -1 : 1
  return compareIntegers(a * powerOfTen(gap), b)
}

function compareIntegers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
