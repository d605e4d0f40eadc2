import { zero, type Float } from './float.ts'
import { FloatError } from './float-error.ts'
import { appendZeros, zerosThatFit } from './maximize.ts'
import { coefficientOf, exponentOf, packRounded } from './pack.ts'
import { powerOfTen } from './powers-of-ten.ts'

const oneCoefficient = powerOfTen(76)
const oneExponent = -76

/**
 * a ÷ b, rounded towards zero to the digits that fit, 66 at least.
 *
 * @throws {FloatError} `DivisionByZero`: b is zero. `ExponentOverflow`: the quotient is too large.
 */
export function div(a: Float, b: Float): Float {
  return divParts(coefficientOf(a), exponentOf(a), coefficientOf(b), exponentOf(b))
}

/**
 * 1 ÷ a, rounded towards zero to the digits that fit, 66 at least.
 *
 * @throws {FloatError} `DivisionByZero`: a is zero. `ExponentOverflow`: the quotient is too large.
 */
export function inv(a: Float): Float {
  return divParts(oneCoefficient, oneExponent, coefficientOf(a), exponentOf(a))
}

function divParts(a: bigint, aExponent: number, b: bigint, bExponent: number): Float {
  if (b === 0n) {
    const message = `${a}e${aExponent} cannot be divided by zero. Test the divisor with isZero first.`
    throw new FloatError('DivisionByZero', message, [a, BigInt(aExponent)])
  }
  if (a === 0n) return zero
  const aZeros = zerosThatFit(a)
  const bZeros = zerosThatFit(b)
  const divisor = appendZeros(b, bZeros)
  const scale = divisor < oneCoefficient && divisor > -oneCoefficient ? 75 : 76
  const quotient = (a * powerOfTen(aZeros + scale)) / divisor
  return packRounded(quotient, aExponent - aZeros - scale - (bExponent - bZeros))
}
