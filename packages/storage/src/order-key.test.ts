import { Tagged, datetime, decimal, duration, type Tag, type Value } from '@freshet/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareText, orderKey } from './order-key.ts'
import { mixedValues } from './testing/range-contract.ts'
import { storageOrder } from './testing/storage-order.ts'

test('[ST6] the keys of any two values order as the values do', () => {
  for (const a of mixedValues) {
    for (const b of mixedValues)
      expect({ a, b, order: keyOrder([a], [b]) }).toEqual({ a, b, order: Math.sign(storageOrder(a, b)) })
  }
})

test('[ST6] the keys of random numbers order exactly, across number, bigint and decimal', () => {
  const numeric: fc.Arbitrary<Value> = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc
      .tuple(fc.bigInt(), fc.integer({ min: -120, max: 120 }))
      .map(([digits, power]) => decimal(`${digits}e${power}`)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => decimal(String(value))),
  )
  fc.assert(
    fc.property(numeric, numeric, (a, b) => keyOrder([a], [b]) === Math.sign(storageOrder(a, b))),
    { seed: 1, numRuns: 5_000 },
  )
})

test('[ST6] the keys of random lists and texts order as the values do', () => {
  const leaf: fc.Arbitrary<Value> = fc.oneof(
    fc.constantFrom(...mixedValues),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 4 }),
  )
  const list = fc.array(
    fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 3 }),
      fc.dictionary(fc.string(), leaf, { maxKeys: 2, noNullPrototype: true }),
    ),
  )
  fc.assert(
    fc.property(list, list, (a, b) => keyOrder([a], [b]) === Math.sign(storageOrder(a, b))),
    { seed: 2, numRuns: 3_000 },
  )
})

test('[ST6] what its text does not spell out sorts behind its kind, by that text', () => {
  const odd = (tag: Tag, text: string): Value => new Tagged(tag, text)
  const ordered: Value[] = [
    null,
    false,
    -Infinity,
    decimal('-1e99999999999999999'),
    -1e300,
    decimal('-1e-99999999999999999'),
    0,
    decimal('1e-99999999999999999'),
    5e-324,
    decimal('1e99999999999999999'),
    Infinity,
    NaN,
    odd('decimal', ''),
    odd('decimal', 'NaN'),
    odd('decimal', 'x'),
    '',
    datetime('2026-01-01T00:00:00Z'),
    odd('datetime', 'tomorrow'),
    odd('datetime', 'yesterday'),
    duration('59s'),
    duration('1m'),
    odd('duration', 'PT1M'),
    new Uint8Array(),
    [],
    [true],
    [null],
    {},
  ]
  const shuffled = ordered.toReversed().toSorted((a, b) => keyOrder([a], [b]))
  expect(shuffled).toEqual(ordered)
  expect(ordered.toReversed().toSorted(storageOrder)).toEqual(ordered)
})

test('[ST6] datetimes with an offset or a finer fraction sort by instant', () => {
  const ordered: Value[] = [
    datetime('2026-01-01T00:00:00+01:00'),
    new Date('2025-12-31T23:59:59.999Z'),
    datetime('2025-12-31T23:59:59.9990000001Z'),
    datetime('2026-01-01T00:00:00Z'),
    datetime('2026-01-01 00:00:00.5'),
    new Date('2026-01-01T00:00:00.501Z'),
  ]
  expect(ordered.toReversed().toSorted((a, b) => keyOrder([a], [b]))).toEqual(ordered)
})

function keyOrder(a: readonly Value[], b: readonly Value[]): number {
  return compareText(orderKey(a), orderKey(b))
}
