import type { Float } from './float.ts'
import { appendZeros, zerosThatFit } from './maximize.ts'
import { coefficientOf, exponentOf, packRounded } from './pack.ts'
import { powerOfTen } from './powers-of-ten.ts'

/** Beyond this many digits apart the smaller summand cannot change the sum. */
const widestGap = 76

/**
 * a + b, rounded towards zero where it does not fit.
 *
 * The sum of two values that are not zero comes with as many trailing zeros
 * as fit: 1 + 1 is 2 with another encoding than a parsed 2 (FL4).
 *
 * @throws {FloatError} `ExponentOverflow`: the sum is too large.
 */
export function add(a: Float, b: Float): Float {
  return addParts(coefficientOf(a), exponentOf(a), coefficientOf(b), exponentOf(b))
}

/**
 * a − b, rounded towards zero where it does not fit.
 *
 * @throws {FloatError} `ExponentOverflow`: the difference is too large.
 */
export function sub(a: Float, b: Float): Float {
  return addParts(coefficientOf(a), exponentOf(a), -coefficientOf(b), exponentOf(b))
}

function addParts(a: bigint, aExponent: number, b: bigint, bExponent: number): Float {
  if (a === 0n) return packRounded(b, bExponent)
  if (b === 0n) return packRounded(a, aExponent)
  const aZeros = zerosThatFit(a)
  const bZeros = zerosThatFit(b)
  const gap = aExponent - aZeros - (bExponent - bZeros)
  return gap >= 0
    ? addAligned(appendZeros(a, aZeros), aExponent - aZeros, alignDown(b, bZeros, gap))
    : addAligned(appendZeros(b, bZeros), bExponent - bZeros, alignDown(a, aZeros, -gap))
}

/** Appends zeros, then drops as many digits as the gap is wide. */
function alignDown(coefficient: bigint, zeros: number, gap: number): bigint {
  if (gap > widestGap) return 0n
  return zeros >= gap ? appendZeros(coefficient, zeros - gap) : coefficient / powerOfTen(gap - zeros)
}

function addAligned(large: bigint, exponent: number, small: bigint): Float {
  const sum = large + small
  if (BigInt.asIntN(256, sum) === sum) return packRounded(sum, exponent)
  // On chain each summand gives up its last digit, which can differ from the sum giving up its own.
  return packRounded(large / 10n + small / 10n, exponent + 1)
}
