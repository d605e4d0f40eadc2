import { expect, test } from 'vitest'
import { createToldRows } from './told-rows.ts'

test('[SB11] what is told is newer than what is read, and what was not read is gone', () => {
  const rows = createToldRows()
  const first = rows.begin()
  expect(['a', 'b', 'c'].map((id) => first.read(id))).toEqual([true, true, true])
  expect(first.finish()).toEqual([])

  const second = rows.begin()
  rows.told('a', true)
  rows.told('c', false)
  rows.told('d', true)
  rows.told('e', true)
  rows.told('e', false)
  expect(['a', 'c', 'e', 'f'].map((id) => second.read(id))).toEqual([false, false, false, true])
  expect(second.finish()).toEqual(['b'])
})
