import fc from 'fast-check'
import { packLossless, wordToFloat, type Float } from '../float/index.ts'

/** Floats of every kind: amounts of everyday, full-length coefficients, the ends of both ranges, any word. */
export const arbitraryFloat: fc.Arbitrary<Float> = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.constantFrom(0, -6, -8, -18))
    .map(([coefficient, exponent]) => packLossless(coefficient, exponent)),
  fc
    .tuple(fc.bigInt({ min: -(2n ** 223n), max: 2n ** 223n - 1n }), fc.integer({ min: -160, max: 160 }))
    .map(([coefficient, exponent]) => packLossless(coefficient, exponent)),
  fc
    .tuple(
      fc.constantFrom(0n, 1n, -1n, 10n ** 67n, 2n ** 223n - 1n, -(2n ** 223n)),
      fc.constantFrom(0, -66, -67, -76, 76, 2 ** 31 - 1, -(2 ** 31)),
    )
    .map(([coefficient, exponent]) => packLossless(coefficient, exponent)),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(wordToFloat),
)

/** Two floats that often lie close to each other, where alignment and ordering are hard. */
export const arbitraryPair: fc.Arbitrary<readonly [Float, Float]> = fc.oneof(
  fc.tuple(arbitraryFloat, arbitraryFloat),
  fc.tuple(arbitraryFloat, fc.integer({ min: 0, max: 90 }), fc.integer({ min: -2, max: 2 })).map(neighbours),
)

function neighbours([float, zeros, step]: readonly [Float, number, number]): readonly [Float, Float] {
  const [coefficient, exponent] = [BigInt.asIntN(224, float), Number(BigInt.asIntN(32, float >> 224n))]
  const scaled = coefficient * 10n ** BigInt(zeros) + BigInt(step)
  const lowered = exponent - zeros
  const fits = BigInt.asIntN(224, scaled) === scaled && lowered >= -(2 ** 31)
  return [float, fits ? packLossless(scaled, lowered) : float]
}
