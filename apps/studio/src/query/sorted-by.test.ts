import type { OrderTerm } from '@freshet/core'
import { expect, test } from 'vitest'
import { sortedBy } from './sorted-by.ts'

const text = (order: readonly OrderTerm[]): string =>
  order.map(({ field, direction }) => `${field} ${direction}`).join(', ')

test('[SU9] a column sorts ascending, then descending, then no more', () => {
  const once = sortedBy([], 'name', false)
  const twice = sortedBy(once, 'name', false)
  expect([once, twice, sortedBy(twice, 'name', false)].map(text)).toEqual(['name asc', 'name desc', ''])
})

test('[SU9] a further column sorts within the others and keeps its place', () => {
  const both = sortedBy(sortedBy([], 'name', false), 'price', true)
  expect(text(both)).toBe('name asc, price asc')
  expect(text(sortedBy(both, 'name', true))).toBe('name desc, price asc')
  expect(text(sortedBy(both, 'id', false))).toBe('id asc')
})
