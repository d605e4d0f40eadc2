import { expect, test } from 'vitest'
import { createLiveRows } from './live-rows.ts'

type Row = { readonly id: string; readonly value: number }
const row = (id: string, value: number): Row => ({ id, value })
const told = (id: string, value: number) => [id, row(id, value)] as const

test('[SB11] what is told is newer than what is read, and what was not read is gone', () => {
  const rows = createLiveRows<Row>()
  const first = rows.begin()
  first.add([row('a', 1), row('b', 1), row('c', 1)])
  first.finish()
  const before = rows.get()

  const second = rows.begin()
  rows.take([told('a', 3), ['c', null], told('d', 3), told('e', 3), ['e', null]])
  second.add([row('a', 2), row('c', 2), row('e', 2)])
  second.finish()
  expect([...rows.get().byId.values()]).toEqual([row('a', 3), row('d', 3)])
  expect(rows.get().arrivals).toBeGreaterThan(before.arrivals)
})

test('[SB11] a row that only changes is no arrival', () => {
  const rows = createLiveRows<Row>()
  rows.take([told('a', 1)])
  const { arrivals } = rows.get()
  const before = rows.get()
  rows.take([told('a', 2)])
  expect(rows.get()).not.toBe(before)
  expect(rows.get().arrivals).toBe(arrivals)
  rows.take([['a', null]])
  expect(rows.get().arrivals).toBeGreaterThan(arrivals)
  // Gone already.
  const gone = rows.get().arrivals
  rows.take([['a', null]])
  expect(rows.get().arrivals).toBe(gone)
})
