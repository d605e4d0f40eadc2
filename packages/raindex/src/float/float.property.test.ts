import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryFloat, arbitraryPair } from '../testing/arbitrary-float.ts'
import {
  oracleAdd,
  oracleCompare,
  oracleDiv,
  oracleInv,
  oracleMul,
  oracleSub,
} from '../testing/float-oracle.ts'
import {
  add,
  compare,
  display,
  div,
  eq,
  FloatError,
  floatToHex,
  format,
  fromFixedDecimalLossless,
  fromFixedDecimalLossy,
  gt,
  gte,
  hexToFloat,
  inv,
  isZero,
  lt,
  lte,
  max,
  min,
  minus,
  mul,
  packLossless,
  packLossy,
  parse,
  sub,
  toFixedDecimalLossy,
  unpack,
  zero,
  type Float,
} from './index.ts'

const runs = { numRuns: 2_000, seed: 20_251 } as const

test('[FL1] sums, products and quotients equal their definition step by step', () => {
  fc.assert(
    fc.property(arbitraryPair, ([a, b]) => {
      expect(outcome(() => add(a, b))).toBe(oracleAdd(a, b))
      expect(outcome(() => sub(a, b))).toBe(oracleSub(a, b))
      expect(outcome(() => mul(a, b))).toBe(oracleMul(a, b))
      expect(outcome(() => div(a, b))).toBe(oracleDiv(a, b))
      expect(outcome(() => inv(a))).toBe(oracleInv(a))
    }),
    runs,
  )
})

test('[FL1] [FL7] comparisons equal their definition step by step', () => {
  fc.assert(
    fc.property(arbitraryPair, ([a, b]) => {
      const order = oracleCompare(a, b)
      expect(compare(a, b)).toBe(order)
      expect([lt(a, b), lte(a, b), eq(a, b), gte(a, b), gt(a, b)]).toEqual([
        order < 0,
        order <= 0,
        order === 0,
        order >= 0,
        order > 0,
      ])
      expect(min(a, b)).toBe(order < 0 ? a : b)
      expect(max(a, b)).toBe(order > 0 ? a : b)
    }),
    runs,
  )
})

test('[FL2] what is taken apart packs to the same bits, and hex reads back', () => {
  fc.assert(
    fc.property(arbitraryFloat, (float) => {
      const { coefficient, exponent } = unpack(float)
      expect(packLossless(coefficient, exponent)).toBe(coefficient === 0n ? zero : float)
      expect(hexToFloat(floatToHex(float))).toBe(float)
    }),
    runs,
  )
})

test('[FL6] packing rounds towards zero by the fewest digits', () => {
  const coefficients = fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n })
  fc.assert(
    fc.property(coefficients, fc.integer({ min: -99, max: 99 }), (coefficient, exponent) => {
      const { float, lossless } = packLossy(coefficient, exponent)
      const packed = unpack(float)
      const dropped = BigInt(coefficient === 0n ? 0 : packed.exponent - exponent)
      expect(packed.coefficient).toBe(coefficient / 10n ** dropped)
      expect(lossless).toBe(dropped === 0n)
      if (dropped === 0n) return
      const oneLess = coefficient / 10n ** (dropped - 1n)
      expect(BigInt.asIntN(224, oneLess)).not.toBe(oneLess)
    }),
    runs,
  )
})

test('[FL4] addition commutes bit for bit, and subtraction undoes nothing but the encoding', () => {
  fc.assert(
    fc.property(arbitraryPair, ([a, b]) => {
      expect(outcome(() => add(a, b))).toBe(outcome(() => add(b, a)))
      const difference = outcome(() => sub(a, a))
      expect(difference).toBe(0n)
      if (isZero(a)) return
      expect(add(a, zero)).toBe(a)
      expect(add(zero, a)).toBe(a)
    }),
    runs,
  )
})

test('[FL5] multiplication commutes bit for bit and dividing it back is close', () => {
  const amounts = fc.bigInt({ min: 1n, max: 10n ** 30n }).map((coefficient) => packLossless(coefficient, -18))
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const product = mul(a, b)
      expect(product).toBe(mul(b, a))
      expect(eq(div(product, b), a)).toBe(true)
      // The inverse is rounded once, at its 66th digit at the latest.
      const error = sub(mul(inv(b), b), parse('1'))
      expect(lte(error, zero) && gt(error, parse('-1e-64'))).toBe(true)
    }),
    runs,
  )
})

test('[FL7] the order is total', () => {
  fc.assert(
    fc.property(arbitraryPair, arbitraryFloat, ([a, b], c) => {
      expect(compare(a, b) + compare(b, a)).toBe(0)
      const [low, middle, high] = [a, b, c].toSorted(compare)
      if (low === undefined || middle === undefined || high === undefined) return
      expect(lte(low, middle) && lte(middle, high) && lte(low, high)).toBe(true)
    }),
    runs,
  )
})

test('[FL8] amounts come back as they were', () => {
  const decimals = fc.integer({ min: 0, max: 77 })
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 223n - 1n }), decimals, (value, places) => {
      const float = fromFixedDecimalLossless(value, places)
      expect(toFixedDecimalLossy(float, places)).toEqual({ value, lossless: true })
    }),
    runs,
  )
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), decimals, (value, places) => {
      const { float, lossless } = fromFixedDecimalLossy(value, places)
      const back = toFixedDecimalLossy(float, places).value
      expect(lossless ? back === value : back <= value && value - back < 10n ** 11n).toBe(true)
    }),
    runs,
  )
})

test('[FL9] what is written reads back to the same value', () => {
  // More figures than 67 are written out with zeros that `parse` takes for digits that do not fit.
  const limits = fc.integer({ min: 0, max: 67 })
  fc.assert(
    fc.property(arbitraryFloat, limits, (float, limit) => {
      // Written with its point moved, such a value needs an exponent that no float has.
      fc.pre(unpack(float).exponent < 2 ** 31 - 76)
      expect(eq(parse(display(float, limit)), float)).toBe(true)
      const text = textOf(float, limit)
      if (text !== undefined) expect(eq(parse(text), float)).toBe(true)
    }),
    runs,
  )
})

test('[FL9] any text is read or refused with a FloatError', () => {
  const numberLike = fc.string({
    unit: fc.constantFrom('0', '0', '1', '9', '.', '-', 'e', 'E', '+', ' '),
    maxLength: 90,
  })
  fc.assert(
    fc.property(fc.oneof(numberLike, fc.string()), (text) => {
      const result = outcome(() => parse(text))
      expect(typeof result === 'bigint' || result.length > 0).toBe(true)
    }),
    runs,
  )
})

test('[FL1] minus turns the sign twice to nothing but where a digit is lost', () => {
  fc.assert(
    fc.property(arbitraryFloat, (float) => {
      const { coefficient } = unpack(float)
      if (coefficient === -(2n ** 223n)) return
      expect(minus(minus(float))).toBe(coefficient === 0n ? zero : float)
    }),
    runs,
  )
})

/** Bits, or the name of the error. Anything but a FloatError fails the test. */
function outcome(operation: () => Float): bigint | string {
  try {
    return operation()
  } catch (error) {
    if (error instanceof FloatError) return error.errorName
    throw error
  }
}

function textOf(float: Float, limit: number): string | undefined {
  try {
    return format(float, limit)
  } catch (error) {
    if (error instanceof FloatError && error.errorName === 'Panic') return undefined
    throw error
  }
}
