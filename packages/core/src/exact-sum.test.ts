import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExactSum } from './exact-sum.ts'
import { decimal, type Value } from './value.ts'

const sumOf = (values: readonly Value[]): unknown => {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum.value()
}

test('[Q5] a sum of numbers is rounded once', () => {
  expect(sumOf(Array.from({ length: 10 }, () => 0.1))).toBe(1)
  expect(sumOf([1e100, 1, -1e100])).toBe(1)
  expect(sumOf([1e308, 1e308, -1e308])).toBe(1e308)
  expect(sumOf([1.7e308, 1.7e308])).toBe(Infinity)
  expect(sumOf([2 ** 53, 1, 2 ** -60])).toBe(2 ** 53 + 2)
  expect(sumOf([2 ** 53, 1, -(2 ** -60)])).toBe(2 ** 53)
  expect(sumOf([Infinity, 1, -Infinity])).toBeNaN()
})

test('[Q5] big integers and decimals are summed without loss', () => {
  expect(sumOf([2n ** 70n, 1n])).toBe(2n ** 70n + 1n)
  expect(sumOf([decimal('0.10'), decimal('0.2'), decimal('-1e-30')])).toEqual(
    decimal('0.299999999999999999999999999999'),
  )
  expect(sumOf([decimal('1.5'), 2n, 0.25])).toEqual(decimal('3.75'))
  expect(sumOf([decimal('1e999999999'), decimal('1')])).toEqual(decimal('1'))
  expect(sumOf([null, 'x', true])).toBe(0)
})

test('[Q5] what was taken back leaves no trace, whatever the order', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(1e300, -1e300, 1e-300, 0.1, -0.1, NaN, Infinity))
  const value: fc.Arbitrary<Value> = fc.oneof(
    number,
    fc.bigInt(),
    fc.constantFrom(decimal('0.1'), decimal('12.50')),
  )
  fc.assert(
    fc.property(fc.array(value), fc.array(value), (kept, gone) => {
      const sum = new ExactSum()
      for (const item of [...gone, ...kept]) sum.add(item)
      for (const item of gone.toReversed()) sum.remove(item)
      expect(String(sum.value())).toBe(String(sumOf(kept.toReversed())))
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('[Q5] a sum of numbers is the one nearest to the exact sum', () => {
  // Multiples of 2^-40 below 2^53 are exact as big integers.
  const exact = fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((whole) => whole * 2 ** -40 + whole)
  fc.assert(
    fc.property(fc.array(exact), (values) => {
      const scaled = values.reduce((sum, item) => sum + BigInt(item * 2 ** 40), 0n)
      expect(sumOf(values)).toBe(Number(scaled) / 2 ** 40)
    }),
    { seed: 6 },
  )
})
