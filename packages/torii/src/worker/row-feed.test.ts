import { coverages, createReplica, sourceSide, type RowFact } from '@freshet/core'
import { expect, test } from 'vitest'
import type { RowBatch } from './messages.ts'
import { createRowFeed } from './row-feed.ts'

const puts = (count: number, value = 0): RowFact[] =>
  Array.from({ length: count }, (_, n) => ({ kind: 'put', table: 'a', id: `${n}`, row: { value } }))

function feedOf(facts: readonly RowFact[]) {
  const replica = createReplica({ name: 'fed', tables: [{ name: 'a' }, { name: 'b' }], coverages })
  const apply = (told: readonly RowFact[]): void =>
    void replica.apply({ kind: 'state', startedAt: 'live', facts: told })
  apply(facts)
  const sent: RowBatch[] = []
  const feed = createRowFeed(replica, (batch) => sent.push(batch))
  return { replica, apply, sent, feed }
}

const turn = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve))
const sizes = (sent: readonly RowBatch[]): number[] => sent.map(({ changes }) => changes[0]?.ids.length ?? 0)

test('[TO31] rows go in batches of a thousand, two of them on their way', async () => {
  const { sent, feed } = feedOf(puts(3_500))
  await turn()
  expect(sizes(sent)).toEqual([1_000, 1_000])
  let all = false
  feed.whenSent(() => (all = true))
  feed.credit()
  await turn()
  expect(sizes(sent)).toEqual([1_000, 1_000, 1_000])
  expect(all).toBe(false)
  feed.credit()
  feed.credit()
  await turn()
  expect(sizes(sent)).toEqual([1_000, 1_000, 1_000, 500])
  expect(all).toBe(true)
})

test('[TO31] a reader that is slow is sent each row once, as it is by then', async () => {
  const { apply, sent, feed } = feedOf(puts(2_000))
  await turn()
  for (let value = 1; value <= 100; value++) apply(puts(3, value))
  apply([{ kind: 'delete', table: 'a', id: '0' }])
  await turn()
  feed.credit()
  await turn()
  expect(sent.at(-1)?.changes).toEqual([
    { table: 'a', ids: ['0', '1', '2'], rows: [null, { value: 100 }, { value: 100 }] },
  ])
})

test('[TO31] a feed tells what is whole, what is dropped, and nothing once it is closed', async () => {
  const { replica, apply, sent, feed } = feedOf([])
  const covers = [{ table: 'b', key: 'all', complete: true }]
  replica.apply({ kind: 'state', startedAt: 'live', facts: puts(1), covers })
  await turn()
  sourceSide(replica).reset()
  apply(puts(1, 2))
  await turn()
  const changes = (value: number) => [{ table: 'a', ids: ['0'], rows: [{ value }] }]
  expect(sent).toEqual([
    { kind: 'ROWS', reset: false, changes: changes(0), complete: { b: true } },
    { kind: 'ROWS', reset: true, changes: changes(2), complete: {} },
  ])
  feed.close()
  feed.credit()
  apply(puts(1, 3))
  await turn()
  expect(sent.length).toBe(2)
})
