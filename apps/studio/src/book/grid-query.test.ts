import { createCollection } from '@freshet/core'
import { expect, test } from 'vitest'
import { gridQuery } from './grid-query.ts'

const { collection, writer } = createCollection({ name: 'rows' })
const stamp = { seq: 0, epoch: 0, nowUnixMs: 0 }
writer.begin()
writer.put('c', { sought: 'constant weth', value: 2 }, stamp)
writer.put('a', { sought: 'auction usdc', value: 10 }, stamp)
writer.put('d', { sought: 'dead', value: null }, stamp)
writer.put('b', { sought: 'bid weth', value: 2 }, stamp)
writer.settle()
const sorted = (direction: 'ascending' | 'descending', sought = '') =>
  collection
    .view(gridQuery(['value'], direction, sought))
    .snapshot()
    .ids.join('')

test('[SB12] rows are ordered by a column, then by id; those without a value are last either way', () => {
  expect(sorted('ascending')).toBe('bcad')
  expect(sorted('descending')).toBe('abcd')
})

test('[SB12] only rows with each word that is sought are shown', () => {
  expect(sorted('ascending', ' weth ')).toBe('bc')
  expect(sorted('ascending', 'WETH con')).toBe('c')
  expect(sorted('ascending', 'nothing')).toBe('')
})
