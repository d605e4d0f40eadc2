import { expect, test } from 'vitest'
import { inHeldOrder } from './held-order.ts'

test('[SU7] while a cell is edited rows keep their places and take new values', () => {
  const held = { ids: ['a', 'b', 'c'], rows: [{ n: 1 }, { n: 2 }, { n: 3 }] }
  const now = { ids: ['c', 'new', 'a'], rows: [{ n: 0 }, { n: 5 }, { n: 9 }] }
  expect(inHeldOrder(now, held)).toEqual({ ids: ['a', 'b', 'c'], rows: [{ n: 9 }, { n: 2 }, { n: 0 }] })
})
