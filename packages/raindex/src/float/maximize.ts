import { powerOfTen } from './powers-of-ten.ts'

export const int256Max: bigint = (1n << 255n) - 1n

/** By number of zeros, the largest coefficient that still fits 256 signed bits with that many appended. */
const largestWithZeros: readonly bigint[] = Array.from({ length: 77 }, (_, k) => int256Max / 10n ** BigInt(k))
const log10OfInt256Max = 76.762659

/**
 * How many zeros can be appended to a coefficient that is not 0, so that it still fits 256 signed bits.
 *
 * Estimated from the logarithm, then corrected by comparing exactly.
 */
export function zerosThatFit(coefficient: bigint): number {
  const magnitude = coefficient < 0n ? -coefficient : coefficient
  const estimate = Math.floor(log10OfInt256Max - Math.log10(Number(magnitude)))
  let zeros = Math.min(76, Math.max(0, estimate))
  while (zeros > 0 && magnitude > largestAt(zeros)) zeros--
  while (zeros < 76 && magnitude <= largestAt(zeros + 1)) zeros++
  return zeros
}

/** The coefficient with as many zeros appended as 256 signed bits hold. */
export function appendZeros(coefficient: bigint, zeros: number): bigint {
  return zeros === 0 ? coefficient : coefficient * powerOfTen(zeros)
}

function largestAt(zeros: number): bigint {
  return largestWithZeros[zeros] ?? 0n
}
