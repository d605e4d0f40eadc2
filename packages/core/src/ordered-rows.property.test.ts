import { expect, test } from 'vitest'
import { createOrderedRows } from './ordered-rows.ts'
import { randomBelow } from './random.ts'
import { compileOrder, compileSortKey } from './row-order.ts'
import { createRowSlots } from './row-slots.ts'
import { createSeededRandom } from './testing/seeded-random.ts'
import type { Row } from './value.ts'

test('[Q2] the ordered index equals a sorted array through growth, splits, merges and emptiness', () => {
  const random = createSeededRandom(3)
  const terms = [{ field: 'n', direction: 'desc' }] as const
  const held = createRowSlots()
  const compare = compileOrder(terms)
  const order = createOrderedRows(held, compare, compileSortKey(terms), { rows: 0 })
  const present: number[] = []
  const oracle = (): number[] =>
    present.toSorted((a, b) =>
      compare(held.rows[a] ?? {}, held.ids[a] ?? '', held.rows[b] ?? {}, held.ids[b] ?? ''),
    )
  const check = (): void => {
    const rows: Row[] = []
    const ids: string[] = []
    order.copy(0, order.size(), rows, ids, 0)
    expect(ids).toEqual(oracle().map((slot) => held.ids[slot]))
    const at = randomBelow(random, present.length + 1)
    const one: Row[] = []
    order.copy(at, Math.min(at + 1, order.size()), one, [], 0)
    expect(one[0]).toBe(rows[at])
  }
  const add = (id: string): void => {
    const slot = held.take(id)
    held.rows[slot] = { n: randomBelow(random, 50) }
    present.push(slot)
    const rank = order.insert(slot)
    expect(order.rank(slot, held.rows[slot] ?? {})).toBe(rank)
  }
  const drop = (at: number): void => {
    const [slot = -1] = present.splice(at, 1)
    expect(order.remove(slot, held.rows[slot] ?? {})).toBeGreaterThanOrEqual(0)
    held.release(slot)
  }

  for (let at = 0; at < 3000; at++) add(`a${at}`)
  check()
  // From one side, so that chunks run empty; then at random, so that they get sparse.
  while (present.length > 2000) drop(0)
  check()
  while (present.length > 40) {
    drop(randomBelow(random, present.length))
    if (present.length % 300 === 0) check()
  }
  check()
  for (let at = 0; at < 700; at++) add(`b${at}`)
  order.build([...present])
  check()
  while (present.length > 0) drop(present.length - 1)
  check()
  add('last')
  check()
})

test('[Q2] a row that is not in the order is not found in it', () => {
  const held = createRowSlots()
  const order = createOrderedRows(held, compileOrder(), compileSortKey(), { rows: 0 })
  const slot = held.take('a')
  held.rows[slot] = {}
  expect(order.copy(0, 0, [], [], 0)).toBe(false)
  order.insert(slot)
  expect(order.remove(held.take('b'), {})).toBe(-1)
  expect(order.size()).toBe(1)
})
