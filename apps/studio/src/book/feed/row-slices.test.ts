import { expect, test } from 'vitest'
import type { RowChange } from './feed-messages.ts'
import { createRowSlices, rowsOfSlice } from './row-slices.ts'

function openSlices() {
  const given: (readonly string[])[] = []
  const later: (() => void)[] = []
  const slices = createRowSlices({
    give: (slice) => given.push(slice.map(({ id }) => id)),
    later: (act) => later.push(act),
  })
  const change = (id: string): void => slices.change({ id, list: 'vaults', row: null } satisfies RowChange)
  return { slices, given, change, runLater: () => later.splice(0).forEach((act) => act()) }
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at))

test('[SB11] however many rows change, so many are handed over at once, and the next when those are taken in', () => {
  const { slices, given, change, runLater } = openSlices()
  const all = ids(2.5 * rowsOfSlice)
  all.forEach(change)
  expect(given).toEqual([])
  runLater()
  for (const count of [1, 2, 3]) {
    expect(given).toHaveLength(count)
    expect(given.at(-1)?.length).toBeLessThanOrEqual(rowsOfSlice)
    slices.taken()
  }
  expect(given.flat()).toEqual(all)
  change('a')
  runLater()
  expect(given.at(-1)).toEqual(['a'])
})

test('[SB11] of a row that changes while it waits only the newest is handed over', () => {
  const { slices, given, change, runLater } = openSlices()
  ids(rowsOfSlice).forEach(change)
  runLater()
  for (const id of ['a', 'b', 'a', 'a']) change(id)
  slices.taken()
  expect(given.at(-1)).toEqual(['a', 'b'])
})

test('[SB11] what is to be said behind rows is said when they are taken in', () => {
  const { slices, given, change, runLater } = openSlices()
  const said: number[] = []
  slices.afterwards(() => said.push(given.length))
  runLater()
  change('a')
  slices.afterwards(() => said.push(given.length))
  change('b')
  runLater()
  expect(said).toEqual([0])
  slices.taken()
  expect([said, given]).toEqual([
    [0, 1],
    [['a'], ['b']],
  ])
})
