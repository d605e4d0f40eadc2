import { expect, test } from 'vitest'
import { FreshetError } from './errors.ts'
import { compileField, compilePredicate } from './predicate.ts'
import type { Filter, OrderTerm } from './query.ts'
import { compileOrder } from './row-order.ts'
import { datetime, decimal, type Row, type Value } from './value.ts'

const holds = (filter: Filter, row: Row, columns = {}): boolean => compilePredicate(filter, columns)(row)

test('[Q6] every operator means what the query contract says', () => {
  const row: Row = { n: 5, s: 'b', title: 'Grosse Straße', none: null, deep: { a: { b: 1 } } }
  const cases: readonly [Filter['op'], string, Value, boolean][] = [
    ['eq', 'n', 5n, true],
    ['eq', 'n', '5', false],
    ['neq', 'n', 5, false],
    ['neq', 'absent', 1, true],
    ['eq', 'absent', null, true],
    ['eq', 'none', null, true],
    ['gt', 'n', 4.5, true],
    ['gt', 'n', 5, false],
    ['gte', 'n', 5, true],
    ['lt', 's', 'c', true],
    ['lte', 's', 'b', true],
    ['lt', 'n', 'z', false],
    ['gt', 'n', 'a', false],
    ['lt', 'none', 1, false],
    ['gte', 'absent', null, false],
    ['eq', 'deep.a.b', 1, true],
    ['eq', 'deep.a.c', null, true],
    ['eq', 's.length', 1, false],
    ['contains', 'title', 'STRASSE', false],
    ['contains', 'title', 'grosse STRAß', true],
    ['contains', 'title', '', true],
    ['contains', 'title', '%', false],
    ['contains', 'n', '5', false],
    ['contains', 'absent', '', false],
    ['contains', 'deep.a', '', false],
  ]
  for (const [op, field, value, expected] of cases) {
    // The cases name only operators that compare.
    const filter = { op, field, value } as Filter
    expect({ filter, holds: holds(filter, row) }).toEqual({ filter, holds: expected })
  }
  expect(holds({ op: 'in', field: 'n', values: ['b', 5n] }, row)).toBe(true)
  expect(holds({ op: 'in', field: 'n', values: [] }, row)).toBe(false)
  expect(holds({ op: 'in', field: 'absent', values: [null] }, row)).toBe(true)
  expect(holds({ op: 'and', filters: [] }, row)).toBe(true)
  expect(holds({ op: 'or', filters: [] }, row)).toBe(false)
})

test('[Q6] the column type decides what a text stands for', () => {
  const columns = { price: 'decimal', at: 'datetime' } as const
  const row: Row = { price: '150.00', at: '2026-11-20T10:00:00.0001Z' }
  expect(holds({ op: 'eq', field: 'price', value: 150 }, row, columns)).toBe(true)
  expect(holds({ op: 'gt', field: 'price', value: decimal('149.999') }, row, columns)).toBe(true)
  expect(holds({ op: 'in', field: 'price', values: ['150'] }, row, columns)).toBe(true)
  expect(holds({ op: 'gt', field: 'at', value: new Date('2026-11-20T10:00:00Z') }, row, columns)).toBe(true)
  expect(holds({ op: 'eq', field: 'at', value: datetime('2026-11-20T10:00:00.000100Z') }, row, columns)).toBe(
    true,
  )
})

test('[V5] a field that every object inherits is absent unless the row has it', () => {
  for (const field of ['constructor', '__proto__', 'toString', '__proto__.polluted', 'a.constructor.name']) {
    expect(compileField(field)({ a: {} })).toBeUndefined()
    expect(holds({ op: 'eq', field, value: null }, { a: {} })).toBe(true)
  }
  expect(compileField('__proto__')(fromJson('{"__proto__":1}'))).toBe(1)
  expect(compileField('constructor')({ constructor: 'x' })).toBe('x')
})

test('[Q7] an order with an unknown direction is refused', () => {
  // What a page or a file hands over is not typed.
  const order = [fromJson('{"field":"a","direction":"down"}') as unknown as OrderTerm]
  expect(() => compileOrder(order)).toThrow(/down/)
})

test('[Q6] a row field whose name has a dot wins over the path', () => {
  expect(compileField('a.b')({ 'a.b': 1, a: { b: 2 } })).toBe(1)
})

test('[Q7] an unknown operator and a filter nested too deep are refused, not run', () => {
  let deep: Filter = { op: 'eq', field: 'a', value: 1 }
  for (let level = 0; level < 200; level++) deep = { op: 'not', filter: deep }
  expect(() => compilePredicate(deep)).toThrow(FreshetError)
  // What a page or a file hands over is not typed.
  const unknown = fromJson('{"op":"like","field":"a","value":"%"}') as unknown as Filter
  expect(() => compilePredicate(unknown)).toThrow(/like/)
  const noText = fromJson('{"op":"contains","field":"a","value":1}') as unknown as Filter
  expect(() => compilePredicate(noText)).toThrow(/contains needs a text/)
  for (const text of ['null', '"a"', '1', '[]', '{"op":"and"}', '{"op":"or","filters":{}}', '{"op":"not"}']) {
    const filter = JSON.parse(text) as Filter
    expect(() => compilePredicate(filter), text).toThrow(
      expect.objectContaining({ code: 'query/bad-filter' }),
    )
  }
})

function fromJson(text: string): Row {
  // Written in the tests above.
  return JSON.parse(text) as Row
}
