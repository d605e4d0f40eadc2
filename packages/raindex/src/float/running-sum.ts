import { add } from './add.ts'
import type { Float } from './float.ts'
import { zerosUpTo } from './maximize.ts'
import { coefficientOf, exponentOf, packRounded } from './pack.ts'
import { powerOfTen } from './powers-of-ten.ts'

/** A sum that grows: the parts of the float that `add` gives, and the same value with few digits. */
export type RunningSum = {
  coefficient: bigint
  exponent: number
  /** `short × 10^shortExponent` is the sum too. */
  short: bigint
  shortExponent: number
}

/** Begins with a float, as it is encoded. */
export function runningSum(float: Float): RunningSum {
  const sum = { coefficient: 0n, exponent: 0, short: 0n, shortExponent: 0 }
  set(sum, coefficientOf(float), exponentOf(float))
  return sum
}

/**
 * Adds the parts of a float, and leaves the very encoding that `add` gives.
 *
 * `add` scales both summands to the most digits there are and rounds the sum down to what fits. Where nothing is lost on
 * the way, the result is the sum with as many zeros as fit: that is four times as fast to find from few digits.
 *
 * @throws {FloatError} `ExponentOverflow`: the sum is too large.
 */
export function addTo(sum: RunningSum, coefficient: bigint, exponent: number): void {
  if (coefficient === 0n) return
  if (sum.coefficient === 0n) return set(sum, coefficient, exponent)
  const gap = exponent - sum.shortExponent
  if (Math.abs(gap) <= widestGap && Math.abs(exponent) <= largestExponent) {
    const known = gap < 0 ? sum.short * powerOfTen(-gap) : sum.short
    const added = gap > 0 ? coefficient * powerOfTen(gap) : coefficient
    const short = known + added
    const [size, most] = [sizeOf(short), Math.max(sizeOf(known), sizeOf(added))]
    // Beyond, a summand may lose digits, or the sum has too few of them to be rounded.
    if (size < longestShort && most < longestShort && size > most * leastLeft) {
      const zeros = zerosThatFit(short)
      sum.shortExponent = Math.min(exponent, sum.shortExponent)
      sum.short = short
      sum.exponent = sum.shortExponent - zeros
      sum.coefficient = short * powerOfTen(zeros)
      return
    }
  }
  const float = add(floatOf(sum), packRounded(coefficient, exponent))
  set(sum, coefficientOf(float), exponentOf(float))
}

export function floatOf({ coefficient, exponent }: RunningSum): Float {
  return packRounded(coefficient, exponent)
}

const widestGap = 40
const largestExponent = 2 ** 20
/** Some digits below 2^223. */
const longestShort = 1e60
/** A sum of 76 digits is rounded as long as no more than 8 of them are cancelled. */
const leastLeft = 1e-6

function set(sum: RunningSum, coefficient: bigint, exponent: number): void {
  sum.coefficient = coefficient
  sum.exponent = exponent
  sum.short = coefficient
  sum.shortExponent = exponent
  if (sizeOf(coefficient) < 1e20) return
  // What `add` gave ends in zeros.
  for (const digits of [32, 16, 8, 4, 2, 1]) {
    const power = powerOfTen(digits)
    if (sum.short % power !== 0n) continue
    sum.short /= power
    sum.shortExponent += digits
  }
}

function sizeOf(value: bigint): number {
  return Math.abs(Number(value))
}

/** How many zeros can be appended so that it is still a coefficient. */
const zerosThatFit = zerosUpTo((1n << 223n) - 1n)
