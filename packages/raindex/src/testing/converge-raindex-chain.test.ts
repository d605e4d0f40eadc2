import { expect, test } from 'vitest'
import { converge } from './converge-raindex-chain.ts'

test('[CN3] after forks and whatever nodes do, replica, database and live book are those of the chain', async () => {
  expect(await converge({ seed: 1, histories: 12 })).toEqual({ histories: 12, wrong: 0, report: undefined })
})

test('[CN3] a fork below what should be final, while that is read, leaves nothing of the old blocks', async () => {
  expect(await converge({ seed: 149, histories: 1 })).toEqual({ histories: 1, wrong: 0, report: undefined })
})

test.each([
  ['words of a store that only older events name are lacking in what is live', 1006],
  ['the chain forks behind the snapshot while older events are read', 2077],
  ['a store of older events is named by an order that is not read yet', 2275],
  ['a node lacks logs of older events that are the newest it has', 1450],
])('[CN19] a book begun from a snapshot is filled in, and %s', async (_, seed) => {
  expect(await converge({ seed, histories: 1 })).toEqual({ histories: 1, wrong: 0, report: undefined })
})

test.each([
  ['parent-hash', 2],
  ['store-history', 1],
  ['bloom', 23],
])('the rule %s is noticed when it is switched off', async (without, seed) => {
  const { wrong, report } = await converge({ seed, histories: 1, without })
  expect(wrong).toBeGreaterThan(0)
  expect(report).toContain(`without ${without}`)
})
