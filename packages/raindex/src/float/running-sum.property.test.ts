import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryFloat } from '../testing/arbitrary-float.ts'
import { add, FloatError, minus, packLossless, unpack, zero, type Float } from './index.ts'
import { addTo, floatOf, runningSum } from './running-sum.ts'

/** Amounts of tokens, in their decimals and in round ones. */
const amount = fc
  .tuple(
    fc.oneof(fc.bigInt(-(10n ** 6n), 10n ** 6n), fc.bigInt(-(10n ** 24n), 10n ** 24n), fc.constant(1n)),
    fc.constantFrom(-18, -17, -8, -6, -2, -1, 0, 3, 30),
  )
  .map(([coefficient, exponent]) => packLossless(coefficient, coefficient === 0n ? 0 : exponent))

/** What is added: an amount, any float at all, or all that is there but a little. */
const step = fc.oneof(
  { weight: 6, arbitrary: amount.map((float) => ({ kind: 'add', float }) as const) },
  { weight: 1, arbitrary: arbitraryFloat.map((float) => ({ kind: 'add', float }) as const) },
  { weight: 2, arbitrary: amount.map((rest) => ({ kind: 'cancel', rest }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancel', rest: zero } as const) },
)

test('[FL4] a running sum has the bits of adding one after another', () => {
  let compared = 0
  fc.assert(
    fc.property(fc.oneof(amount, arbitraryFloat), fc.array(step, { maxLength: 40 }), (first, steps) => {
      const sum = runningSum(first)
      let expected = first
      for (const next of steps) {
        const added =
          next.kind === 'add' ? next.float : orZero(() => shortened(add(minus(expected), next.rest)))
        const wanted = orZero(() => add(expected, added), 'none')
        const { coefficient, exponent } = unpack(added)
        if (wanted === 'none') {
          expect(() => addTo(sum, coefficient, exponent)).toThrow(FloatError)
          return
        }
        addTo(sum, coefficient, exponent)
        expected = wanted
        // What is zero has many encodings until something is added to it.
        if (unpack(expected).coefficient === 0n) expect(sum.coefficient).toBe(0n)
        else expect(floatOf(sum)).toBe(expected)
        compared += 1
      }
    }),
    { numRuns: 4_000, seed: 8_121 },
  )
  expect(compared).toBeGreaterThan(10_000)
})

/** The same value with as few digits as it has, as contracts encode amounts. */
function shortened(float: Float): Float {
  let { coefficient, exponent } = unpack(float)
  while (coefficient !== 0n && coefficient % 10n === 0n) {
    coefficient /= 10n
    exponent += 1
  }
  return packLossless(coefficient, exponent)
}

function orZero(work: () => Float): Float
function orZero(work: () => Float, otherwise: 'none'): Float | 'none'
function orZero(work: () => Float, otherwise: Float | 'none' = zero): Float | 'none' {
  try {
    return work()
  } catch (error) {
    if (error instanceof FloatError) return otherwise
    throw error
  }
}
