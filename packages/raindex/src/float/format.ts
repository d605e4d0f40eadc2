import type { Float } from './float.ts'
import { arithmeticPanic } from './float-error.ts'
import { appendZeros, zerosThatFit } from './maximize.ts'
import { coefficientOf, exponentOf } from './pack.ts'

/** Beyond this many digits behind the point the chain does not write out a number. */
const mostDecimals = 77

/**
 * The float as decimal text, exactly as the chain writes it.
 *
 * `parse` reads it back to the same value, where the limit is at most 67.
 *
 * @param limit - Figures, zeros behind the point included, that are still written out; beyond it the notation
 * is scientific, as in `1.5e30`. Default 18, as on chain.
 * @throws {FloatError} `Panic`: the chain cannot write it out, because of more than 77 decimals that end in
 * zeros or of a limit above 76. {@link display} can.
 */
export function format(float: Float, limit = 18): string {
  return write(coefficientOf(float), exponentOf(float), limit)
}

/**
 * The float as decimal text for people: as {@link format}, and it never fails.
 *
 * Sums carry trailing zeros, so that a balance of 1e-14 may be one the chain cannot format.
 *
 * @param limit - As for `format`, at most 76. Default 18.
 */
export function display(float: Float, limit = 18): string {
  let coefficient = coefficientOf(float)
  let exponent = exponentOf(float)
  while (exponent < 0 && coefficient !== 0n && coefficient % 10n === 0n) {
    coefficient /= 10n
    exponent++
  }
  return write(coefficient, exponent, Math.min(limit, 76))
}

function write(coefficient: bigint, exponent: number, limit: number): string {
  if (coefficient === 0n) return '0'
  return figures(coefficient, exponent) > limit
    ? scientific(coefficient, exponent)
    : plain(coefficient, exponent)
}

/** How many figures the plain notation needs, without zeros at the end of a fraction. */
function figures(coefficient: bigint, exponent: number): number {
  let digits = digitsOf(coefficient)
  let remaining = exponent
  if (exponent < 0) {
    const trimmed = digits.replace(/0+$/, '')
    remaining += digits.length - trimmed.length
    digits = trimmed
  }
  return remaining < 0 ? Math.max(digits.length, -remaining) : digits.length + remaining
}

function scientific(coefficient: bigint, exponent: number): string {
  const digits = digitsOf(coefficient)
  const shown = exponent + digits.length - 1
  return decimal(coefficient, digits.slice(0, 1), digits.slice(1)) + (shown === 0 ? '' : `e${shown}`)
}

function plain(coefficient: bigint, exponent: number): string {
  if (exponent >= 0) return writeOut(coefficient, exponent).toString()
  if (-exponent > mostDecimals) throw tooLong(coefficient, exponent)
  const digits = digitsOf(coefficient).padStart(1 - exponent, '0')
  return decimal(coefficient, digits.slice(0, exponent), digits.slice(exponent))
}

function writeOut(coefficient: bigint, zeros: number): bigint {
  if (zeros > zerosThatFit(coefficient)) throw tooLong(coefficient, zeros)
  return appendZeros(coefficient, zeros)
}

function decimal(coefficient: bigint, integer: string, fraction: string): string {
  const shown = fraction.replace(/0+$/, '')
  return (coefficient < 0n ? '-' : '') + integer + (shown === '' ? '' : `.${shown}`)
}

function digitsOf(coefficient: bigint): string {
  return (coefficient < 0n ? -coefficient : coefficient).toString()
}

function tooLong(coefficient: bigint, exponent: number): Error {
  return arithmeticPanic(`${coefficient}e${exponent} is too long to write out. Use a limit of at most 76.`)
}
