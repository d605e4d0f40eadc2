import { zero, type Float } from './float.ts'
import { int256Max } from './maximize.ts'
import { coefficientOf, exponentOf, packRounded } from './pack.ts'

/**
 * a × b, rounded towards zero where it does not fit.
 *
 * A product that fits keeps the exponents' sum: 1.5 × 2 is 30 × 10^−1 (FL5).
 *
 * @throws {FloatError} `ExponentOverflow`: the product is too large.
 */
export function mul(a: Float, b: Float): Float {
  const product = coefficientOf(a) * coefficientOf(b)
  if (product === 0n) return zero
  const exponent = exponentOf(a) + exponentOf(b)
  // The chain cuts the product to 256 unsigned bits, then to 256 signed bits, then to 224. Each cut drops the
  // fewest digits that make it fit, so one cut to 224 gives the same.
  return packRounded(product, exponent, () => cutToInt256(product, exponent))
}

/** The product as the chain holds it before packing. */
function cutToInt256(product: bigint, exponent: number): readonly [bigint, number] {
  let coefficient = product
  let dropped = 0
  while (coefficient > int256Max || coefficient < -int256Max - 1n) {
    coefficient /= 10n
    dropped++
  }
  return [coefficient, exponent + dropped]
}
