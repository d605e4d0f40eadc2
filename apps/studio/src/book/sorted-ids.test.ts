import { expect, test } from 'vitest'
import { sortedIds } from './sorted-ids.ts'

type Row = { readonly name: string; readonly value?: number }
const byId = new Map<string, Row>([
  ['c', { name: 'Constant WETH', value: 2 }],
  ['a', { name: 'Auction USDC', value: 10 }],
  ['d', { name: 'Dead' }],
  ['b', { name: 'Bid WETH', value: 2 }],
])
const rows = { byId, arrivals: 1 }
const byValue = { of: ({ value }: Row) => value, changes: true }
const sorted = (direction: 'ascending' | 'descending', sought = '') =>
  sortedIds(rows, byValue, direction, ({ name }) => name, sought).join('')

test('[SB12] rows are ordered by a column, then by id; those without a value are last either way', () => {
  expect(sorted('ascending')).toBe('bcad')
  expect(sorted('descending')).toBe('abcd')
})

test('[SB12] only rows with each word that is sought are shown', () => {
  expect(sorted('ascending', ' weth ')).toBe('bc')
  expect(sorted('ascending', 'WETH con')).toBe('c')
  expect(sorted('ascending', 'nothing')).toBe('')
})
