import { expect, test } from 'vitest'
import type { RowFact } from './batch.ts'
import { submitLayer } from './host-layers.ts'
import { createReplica } from './replica.ts'
import { put } from './testing/facts.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import type { Row } from './value.ts'

function setUp() {
  const clock = createVirtualClock()
  const errors: string[] = []
  const replica = createReplica({
    name: 'r',
    tables: [{ name: toyTable }],
    clock,
    log: { enabled: () => true, write: (_, __, message) => errors.push(message) },
  })
  const rows = replica.collection(toyTable)
  const push = (...facts: RowFact[]) => replica.apply({ kind: 'state', startedAt: 'live', facts })
  push(put('a', { n: 1, m: 1 }))
  const submit = (n: number, guard = (row: Row | undefined) => row?.['n'] === n, operationId = 'h') =>
    submitLayer(
      replica,
      { operationId, table: toyTable, id: 'a', edit: { kind: 'patch', set: { n } } },
      { guard, timeoutMs: 1_000 },
    )
  return { clock, replica, rows, push, submit, errors }
}

test('[O7] a layer of the host falls once its guard holds, in the same notification', async () => {
  const { replica, rows, push, submit } = setUp()
  const seen: unknown[] = []
  const layer = submit(2)
  rows.subscribe(() => seen.push([rows.get('a'), rows.meta('a')?.pending]))
  push(put('a', { n: 1, m: 2 }))
  push(put('a', { n: 2, m: 2 }))
  expect(seen).toEqual([
    [{ n: 2, m: 2 }, true],
    [{ n: 2, m: 2 }, false],
  ])
  expect(await layer.settled).toBe('confirmed')
  expect(replica.overlay.size).toBe(0)
})

test('[O3] a guard sees confirmed rows only', () => {
  const { rows, push, submit } = setUp()
  const judged: unknown[] = []
  const guard = (row: Row | undefined): boolean => {
    judged.push(row)
    return false
  }
  submit(2, guard)
  submit(3, guard, 'h2')
  push(put('b', { n: 1 }))
  push(put('a', { n: 9, m: 1 }))
  expect(judged).toEqual([
    { n: 1, m: 1 },
    { n: 1, m: 1 },
    { n: 9, m: 1 },
    { n: 9, m: 1 },
  ])
  expect(rows.get('a')).toEqual({ n: 3, m: 1 })
})

test('[O7] at its timeout a layer of the host is undone and says so', async () => {
  const { clock, rows, submit } = setUp()
  const layer = submit(2)
  await clock.advance(999)
  expect(rows.get('a')).toEqual({ n: 2, m: 1 })
  await clock.advance(1)
  expect(await layer.settled).toBe('timed-out')
  expect(rows.get('a')).toEqual({ n: 1, m: 1 })
  layer.rollback()
})

test('[O7] the host can take its layer back, once', async () => {
  const { clock, rows, push, submit } = setUp()
  const layer = submit(2)
  layer.rollback()
  layer.rollback()
  await clock.advance(5_000)
  push(put('a', { n: 2, m: 1 }))
  expect(await layer.settled).toBe('rolled-back')
  expect(rows.get('a')).toEqual({ n: 2, m: 1 })
})

test('[O7] what has happened already is never shown as pending', async () => {
  const { rows, submit } = setUp()
  let told = 0
  rows.subscribe(() => told++)
  expect(await submit(1).settled).toBe('confirmed')
  expect(told).toBe(0)
})

test('[O7] a guard that throws has not confirmed, and stops nothing', async () => {
  const { clock, rows, push, submit, errors } = setUp()
  const layer = submit(2, () => {
    throw new Error('in the guard')
  })
  push(put('a', { n: 2, m: 2 }))
  expect(rows.get('a')).toEqual({ n: 2, m: 2 })
  expect(errors).toEqual(['in the guard', 'in the guard'])
  await clock.advance(1_000)
  expect(await layer.settled).toBe('timed-out')
})

test('[O7] a second layer of the same operation takes the place of the first', async () => {
  const { rows, submit } = setUp()
  const first = submit(2)
  const second = submit(3)
  expect(await first.settled).toBe('rolled-back')
  expect(rows.get('a')).toEqual({ n: 3, m: 1 })
  second.rollback()
  expect(rows.get('a')).toEqual({ n: 1, m: 1 })
})
