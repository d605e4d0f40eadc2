import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileField, compilePredicate } from './predicate.ts'
import type { Filter } from './query.ts'
import { orderText } from './order-text.ts'
import { compileOrder, compileSortKey } from './row-order.ts'
import type { ColumnTypes } from './schema.ts'
import { rowsEqual, valuesEqual } from './value-equality.ts'
import { compareComparable, compareValues } from './value-order.ts'
import { datetime, decimal, duration, recordId, Tagged, uuid, type Row, type Value } from './value.ts'

test('[V1] whole numbers beyond 2^53 are compared exactly, whatever carries them', () => {
  expect(compareValues(9007199254740993n, 9007199254740992)).toBeGreaterThan(0)
  expect(valuesEqual(9007199254740993n, 9007199254740992)).toBe(false)
  expect(valuesEqual(2n ** 70n, 2 ** 70)).toBe(true)
  expect(compareValues(10n ** 23n, 1e23)).toBeGreaterThan(0)
  expect(compareValues(decimal('1e23'), 1e23)).toBeGreaterThan(0)
  expect(compareValues(2n ** 2000n, Infinity)).toBeLessThan(0)
  expect(compareValues(decimal('1e400'), Infinity)).toBeLessThan(0)
})

test('[V2] instants are compared to any fraction of a second', () => {
  const late = datetime('2026-11-20T10:00:00.123456789Z')
  expect(compareValues(late, datetime('2026-11-20T10:00:00.123456788Z'))).toBeGreaterThan(0)
  expect(compareValues(late, new Date('2026-11-20T10:00:00.123Z'))).toBeGreaterThan(0)
  expect(compareValues(late, new Date('2026-11-20T10:00:00.124Z'))).toBeLessThan(0)
  expect(valuesEqual(datetime('2026-11-20T12:00:00.100+02:00'), new Date('2026-11-20T10:00:00.1Z'))).toBe(
    true,
  )
  expect(compareValues(new Date('1969-12-31T23:59:59.999Z'), datetime('1970-01-01'))).toBeLessThan(0)
  expect(valuesEqual(new Date('1969-12-31T23:59:59.999Z'), datetime('1969-12-31T23:59:59.999Z'))).toBe(true)
})

test('[V3] absent, null and undefined fields are told apart', () => {
  expect(valuesEqual(undefined, null)).toBe(false)
  expect(rowsEqual({ a: null }, {})).toBe(false)
  expect(rowsEqual({ a: null }, { b: null })).toBe(false)
  expect(valuesEqual({ a: { b: null } }, { a: {} })).toBe(false)
})

test('[V4] equality is that of the column type', () => {
  expect(valuesEqual('150.00', 150, 'decimal')).toBe(true)
  expect(valuesEqual('150.00', '150', 'decimal')).toBe(true)
  expect(valuesEqual('150.00', 150)).toBe(false)
  expect(valuesEqual(decimal('0.1'), 0.1)).toBe(true)
  expect(valuesEqual(decimal('-0.00'), 0)).toBe(true)
  expect(valuesEqual('9007199254740993', 9007199254740993n, 'int')).toBe(true)
  expect(valuesEqual('2026-11-20T10:00:00Z', new Date(Date.UTC(2026, 10, 20, 10)), 'datetime')).toBe(true)
  expect(valuesEqual('2026-11-20T10:00:00Z', new Date(Date.UTC(2026, 10, 20, 10)))).toBe(false)
  expect(
    valuesEqual('ABCDEF00-0000-7000-8000-000000000000', uuid('abcdef00-0000-7000-8000-000000000000'), 'uuid'),
  ).toBe(true)
  expect(valuesEqual('client:1', recordId('client', '1'), 'recordId')).toBe(true)
  expect(valuesEqual(duration('90m'), duration('1h30m'))).toBe(true)
  expect(compareValues(duration('10m'), duration('9m'))).toBeGreaterThan(0)
  expect(valuesEqual(-0, 0)).toBe(true)
  expect(valuesEqual(NaN, NaN)).toBe(true)
  expect(valuesEqual(2, 2n)).toBe(true)
  expect(valuesEqual([1, { a: new Uint8Array([1, 2]) }], [1n, { a: new Uint8Array([1, 2]) }])).toBe(true)
  expect(rowsEqual({ price: '1.50' }, { price: decimal('1.5') }, { price: 'decimal' })).toBe(true)
  expect(rowsEqual({ price: '1.50' }, { price: decimal('1.5') })).toBe(false)
})

test('[V4] texts sort by code point, as databases sort them', () => {
  const ordered = [
    '',
    'a',
    'ab',
    'b',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10000}\uffff',
    '\u{10ffff}',
  ]
  expect(ordered.toReversed().toSorted((a, b) => compareValues(a, b))).toEqual(ordered)
  expect(ordered.toReversed().toSorted((a, b) => compareValues([a], [b]))).toEqual(ordered)
  const byText = compileOrder([{ field: 'x', direction: 'asc' }])
  const keyOf = compileSortKey([{ field: 'x', direction: 'asc' }])
  for (const [at, x] of ordered.slice(1).entries()) {
    const before = { x: ordered[at] ?? '' }
    expect(byText(before, 'same', { x }, 'same')).toBeLessThan(0)
    expect(keyOf(before)).toBeLessThanOrEqual(keyOf({ x }))
    expect(compareComparable(before.x, x)).toBeLessThan(0)
  }
})

test('[V4] a text for a value is a prefix of no other, whatever the text holds', () => {
  const texts = ['', '\0', '\u0001', '\u0002', '\u0003', '\u0004', 'a', 'a\u0002', '\ud800', '~']
  const written = texts.map((part) => orderText(part))
  for (const a of written) for (const b of written) expect(a !== b && b.startsWith(a)).toBe(false)
  expect(texts.toSorted((a, b) => (orderText(a) < orderText(b) ? -1 : 1))).toEqual(
    texts.toSorted((a, b) => compareValues(a, b)),
  )
})

test('[V5] a remote key such as __proto__ is only a string', () => {
  const hostile: Row = fromJson('{"__proto__":{"a":1},"constructor":1}')
  const other: Row = fromJson('{"__proto__":{"a":2},"constructor":1}')
  expect(rowsEqual(hostile, other)).toBe(false)
  expect(rowsEqual(hostile, fromJson('{"constructor":1,"__proto__":{"a":1}}'))).toBe(true)
  expect(rowsEqual(hostile, { constructor: 1, b: 1 })).toBe(false)
  expect(rowsEqual({ a: 1 }, { a: 1 }, { ['__proto__']: 'int' })).toBe(true)
})

test('[V6] an order between values of different families says nothing, sorting them is total', () => {
  expect(compareComparable(1, 'a')).toBeUndefined()
  expect(compareComparable(null, 1)).toBeUndefined()
  expect(compareComparable(undefined, undefined)).toBeUndefined()
  expect(compareComparable(NaN, 1)).toBeGreaterThan(0)
  expect(compareComparable('12', 9, 'decimal')).toBeGreaterThan(0)
  expect(compareComparable('12x', 9, 'decimal')).toBeUndefined()
})

test('[V7] a hostile depth neither exhausts the stack nor counts as equal', () => {
  let a: Value = 1
  let b: Value = 1
  for (let depth = 0; depth < 100_000; depth++) {
    a = [a]
    b = { x: b }
  }
  expect(valuesEqual(a, [a])).toBe(false)
  expect(valuesEqual(a, a)).toBe(true)
  expect(compareValues(b, { x: b })).toBe(0)
})

const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    '5',
    '5.0',
    '0.10',
    '2026-11-20',
    '2026-11-20T00:00:00.0Z',
    'abc',
    '1h',
    '60m',
    'ABC',
  ),
  fc.string({ maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 2 }),
)
const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(
    null,
    true,
    false,
    NaN,
    -0,
    0,
    Infinity,
    -Infinity,
    0.1,
    5,
    5n,
    2 ** 53,
    2n ** 53n + 1n,
  ),
  fc.double(),
  fc.bigInt(),
  text,
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 2 }),
  fc
    .constantFrom('0.1', '-5', '1e400', '9007199254740993', '0.1000000000000000055511151231257827')
    .map(decimal),
  fc
    .tuple(fc.constantFrom('decimal', 'uuid', 'recordId', 'duration', 'datetime'), text)
    .map(([tag, t]) => new Tagged(tag, t)),
)
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('value'), { maxKeys: 2 }),
  ),
}))
const columnTypes = fc.constantFrom('any', 'int', 'decimal', 'datetime', 'uuid', 'duration', 'text')

test('[V4] order is total and transitive, and equal is where it is zero', () => {
  const sign = Math.sign
  fc.assert(
    fc.property(value, value, value, columnTypes, (a, b, c, type) => {
      expect(sign(compareValues(a, b, type)) + sign(compareValues(b, a, type))).toBe(0)
      expect(compareValues(a, a, type)).toBe(0)
      if (compareValues(a, b, type) <= 0 && compareValues(b, c, type) <= 0) {
        expect(compareValues(a, c, type)).toBeLessThanOrEqual(0)
      }
      expect(valuesEqual(a, b, type)).toBe(compareValues(a, b, type) === 0)
    }),
    { numRuns: 3000, seed: 7 },
  )
})

test('[Q2] sort keys agree with the order: a smaller key is never behind', () => {
  const direction = fc.constantFrom('asc' as const, 'desc' as const)
  fc.assert(
    fc.property(value, value, columnTypes, direction, (a, b, type, way) => {
      const order = [{ field: 'x', direction: way }]
      const [rowA, rowB] = [{ x: a }, { x: b }]
      const key = compileSortKey(order, { x: type })
      const sign = compileOrder(order, { x: type })(rowA, 'a', rowB, 'b')
      expect(Number.isNaN(key(rowA))).toBe(false)
      if (key(rowA) < key(rowB)) expect(sign).toBeLessThan(0)
      if (key(rowA) > key(rowB)) expect(sign).toBeGreaterThan(0)
    }),
    { numRuns: 5000, seed: 8 },
  )
})

test('[Q2] ties are broken by the UTF-16 units of the ids, in both directions', () => {
  const ids = ['\u{1f9c1}', 'ab', '\uff21', 'a', '\u{1f9c1}a', '\ue000']
  for (const direction of ['asc', 'desc'] as const) {
    const compare = compileOrder([{ field: 'x', direction }])
    const sorted = ids.toSorted((a, b) => compare({ x: 1 }, a, { x: 1 }, b))
    expect(sorted).toEqual(['a', 'ab', '\u{1f9c1}', '\u{1f9c1}a', '\ue000', '\uff21'])
  }
})

test('[Q2] null and absent come last in both directions', () => {
  const rows: readonly Row[] = [{ x: null }, { x: 1 }, {}, { x: -Infinity }, { x: NaN }, { x: Infinity }]
  const sorted = (direction: 'asc' | 'desc'): readonly (Value | undefined)[] =>
    rows
      .toSorted((a, b) => compileOrder([{ field: 'x', direction }])(a, 'same', b, 'same'))
      .map((row) => row['x'])
  expect(sorted('asc')).toEqual([-Infinity, 1, Infinity, NaN, null, undefined])
  expect(sorted('desc')).toEqual([NaN, Infinity, 1, -Infinity, null, undefined])
})

test('[Q6] a compiled filter answers as its definition does', () => {
  const field = fc.constantFrom('x', 'y.z', 'y')
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3 },
      fc.record({ op: fc.constantFrom('eq', 'neq', 'gt', 'gte', 'lt', 'lte'), field, value }),
      fc.record({ op: fc.constant('contains'), field, value: fc.string({ maxLength: 2 }) }),
      fc.record({ op: fc.constant('in'), field, values: fc.array(value, { maxLength: 3 }) }),
      fc.record({ op: fc.constantFrom('and', 'or'), filters: fc.array(tie('filter'), { maxLength: 3 }) }),
      fc.record({ op: fc.constant('not'), filter: tie('filter') }),
    ),
  }))
  fc.assert(
    fc.property(filter, value, value, columnTypes, (asked, x, z, type) => {
      const columns = { x: type }
      for (const row of [{ x, y: { z } }, { x: z }, { y: x }]) {
        expect(compilePredicate(asked, columns)(row)).toBe(holds(asked, row, columns))
      }
    }),
    { numRuns: 2000, seed: 9 },
  )
})

/** The definition of a filter, as the query contract has it. */
function holds(filter: Filter, row: Row, columns: ColumnTypes): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((part) => holds(part, row, columns))
    case 'or':
      return filter.filters.some((part) => holds(part, row, columns))
    case 'not':
      return !holds(filter.filter, row, columns)
    default:
      break
  }
  const held = compileField(filter.field)(row) ?? null
  const type = columns[filter.field] ?? 'any'
  if (filter.op === 'in') return filter.values.some((item) => valuesEqual(held, item, type))
  if (filter.op === 'contains')
    return typeof held === 'string' && held.toLowerCase().includes(filter.value.toLowerCase())
  const sign = compareComparable(held, filter.value, type)
  switch (filter.op) {
    case 'eq':
      return valuesEqual(held, filter.value, type)
    case 'neq':
      return !valuesEqual(held, filter.value, type)
    case 'gt':
      return sign !== undefined && sign > 0
    case 'gte':
      return sign !== undefined && sign >= 0
    case 'lt':
      return sign !== undefined && sign < 0
    case 'lte':
      return sign !== undefined && sign <= 0
  }
}

function fromJson(text: string): Row {
  // Written in the tests above.
  return JSON.parse(text) as Row
}
