import { expect, test } from 'vitest'
import { queryKey, valueKey } from './query-key.ts'
import type { Filter } from './query.ts'
import { datetime, decimal, uuid, type Value } from './value.ts'

const a: Filter = { op: 'eq', field: 'a', value: 1 }
const b: Filter = { op: 'gt', field: 'b', value: 'x' }

test('[Q8] queries that mean the same have the same key', () => {
  const same = (left: Filter, right: Filter): void => {
    expect(queryKey({ filter: left })).toBe(queryKey({ filter: right }))
  }
  same({ op: 'and', filters: [a, b] }, { op: 'and', filters: [b, { op: 'and', filters: [a, b] }] })
  same({ op: 'or', filters: [a] }, a)
  same({ op: 'not', filter: { op: 'not', filter: a } }, a)
  same({ op: 'in', field: 'a', values: [2, 1, 2] }, { op: 'in', field: 'a', values: [1, 2] })
  expect(queryKey({})).toBe(queryKey({ offset: 0, order: [], filter: { op: 'and', filters: [] } }))
})

test('[Q8] queries that could answer differently have different keys', () => {
  const hostile = '1),eq("a",2'
  const keys = [
    queryKey({ filter: a }),
    queryKey({ filter: { op: 'not', filter: a } }),
    queryKey({ filter: { op: 'and', filters: [a, b] } }),
    queryKey({ filter: { op: 'or', filters: [a, b] } }),
    queryKey({ filter: { op: 'eq', field: hostile, value: 1 } }),
    queryKey({ filter: { op: 'eq', field: 'a', value: hostile } }),
    queryKey({ order: [{ field: 'a', direction: 'asc' }] }),
    queryKey({ order: [{ field: 'a asc', direction: 'asc' }] }),
    queryKey({ limit: 1 }),
    queryKey({ offset: 1 }),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})

test('[Q8] values of different kinds have different keys', () => {
  const values: readonly Value[] = [
    1,
    1n,
    '1',
    true,
    'true',
    null,
    'null',
    NaN,
    new Date(1),
    datetime('1'),
    decimal('1'),
    uuid('1'),
    new Uint8Array([1]),
    [1],
    ['1'],
    [[1]],
    { a: 1 },
    { a: '1' },
    [],
    {},
    '[1]',
  ]
  expect(new Set(values.map(valueKey)).size).toBe(values.length)
})

test('[Q7] what is nested too deep is refused with a typed error, not with an exhausted stack', () => {
  let filter: Filter = a
  let value: Value = 1
  for (let level = 0; level < 100_000; level++) {
    filter = { op: 'not', filter }
    value = [value]
  }
  expect(() => queryKey({ filter })).toThrow(/deeper than 100/)
  expect(() => queryKey({ filter: { op: 'eq', field: 'a', value } })).toThrow(/deeper than 200/)
})

test('[Q7] a window that is none has no key', () => {
  // What a page or a file hands over is not typed.
  for (const window of [{ limit: -1 }, { limit: NaN }, { offset: 0.5 }, { limit: '5' as unknown as number }])
    expect(() => queryKey(window)).toThrow(expect.objectContaining({ code: 'query/bad-window' }))
})
