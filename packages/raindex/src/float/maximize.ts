import { powerOfTen } from './powers-of-ten.ts'

export const int256Max: bigint = (1n << 255n) - 1n

/**
 * How many zeros can be appended to a number that is not 0, so that it is still no larger than another, either way from 0.
 *
 * Estimated from the logarithm, then corrected by comparing exactly.
 */
export function zerosUpTo(largest: bigint): (value: bigint) => number {
  const log10OfLargest = Math.log10(Number(largest))
  const most = Math.floor(log10OfLargest)
  const largestWithZeros = Array.from({ length: most + 1 }, (_, zeros) => largest / 10n ** BigInt(zeros))
  const largestAt = (zeros: number): bigint => largestWithZeros[zeros] ?? 0n
  return (value) => {
    const magnitude = value < 0n ? -value : value
    const estimate = Math.floor(log10OfLargest - Math.log10(Number(magnitude)))
    let zeros = Math.min(most, Math.max(0, estimate))
    while (zeros > 0 && magnitude > largestAt(zeros)) zeros--
    while (zeros < most && magnitude <= largestAt(zeros + 1)) zeros++
    return zeros
  }
}

/** How many zeros can be appended to a coefficient that is not 0, so that it still fits 256 signed bits. */
export const zerosThatFit: (coefficient: bigint) => number = zerosUpTo(int256Max)

/** The coefficient with as many zeros appended as 256 signed bits hold. */
export function appendZeros(coefficient: bigint, zeros: number): bigint {
  return zeros === 0 ? coefficient : coefficient * powerOfTen(zeros)
}
