import { FreshetError, type Operation, type QueuedOperation, type RowEdit } from '@freshet/core'
import { createVirtualClock } from '@freshet/core/testing'
import { WriteRejectedError } from '@freshet/table'
import { expect, test } from 'vitest'
import { createWriteLedger } from './write-ledger.ts'

function queued(
  operationId: string,
  edit: RowEdit,
  state: QueuedOperation['state'] = 'queued',
): QueuedOperation {
  const operation: Operation = {
    operationId,
    group: 'rows',
    request: {},
    edits: [{ table: 'rows', id: 'pie', edit }],
    createdAtUnixMs: 5,
  }
  return { operation, state, attempts: 0, lastError: undefined, failure: undefined }
}
const price = (value: number): RowEdit => ({ kind: 'patch', set: { price: value } })
const refusal = new WriteRejectedError({
  message: 'refused',
  fieldErrors: [{ field: 'price', message: 'too low' }],
})

test('[SU4] a write is pending, then for a moment confirmed, then nothing', async () => {
  const clock = createVirtualClock()
  const ledger = createWriteLedger(clock, () => {})
  ledger.queued([queued('a', price(1))])
  expect(ledger.ofRow('pie')).toMatchObject([
    { op: 'patch', fields: ['price'], outcome: { kind: 'pending' } },
  ])
  expect(ledger.open.get()).toHaveLength(1)
  ledger.kept('a')
  expect(ledger.ofRow('pie')).toMatchObject([{ outcome: { kind: 'pending', kept: true } }])
  ledger.queued([])
  ledger.confirmed('a')
  expect(ledger.ofRow('pie')).toMatchObject([{ outcome: { kind: 'confirmed' } }])
  expect(ledger.open.get()).toEqual([])
  await clock.advance(10_000)
  expect(ledger.ofRow('pie')).toEqual([])
})

test('[SU4] a rejection stays, with the reason at its field, until the field is written again', () => {
  const ledger = createWriteLedger(createVirtualClock(), () => {})
  ledger.queued([queued('a', price(0))])
  ledger.reverted('a', refusal)
  expect(ledger.open.get()).toMatchObject([
    { outcome: { kind: 'rejected', fieldReasons: { price: 'too low' } } },
  ])
  ledger.queued([queued('b', { kind: 'patch', set: { name: 'Pie' } })])
  expect(ledger.ofRow('pie')).toHaveLength(2)
  ledger.queued([queued('c', price(3))])
  expect(ledger.ofRow('pie').map(({ operationId }) => operationId)).toEqual(['b', 'c'])
})

test('[SU15] a write that came too late stays as a conflict until its field is written again', () => {
  const ledger = createWriteLedger(createVirtualClock(), () => {})
  ledger.queued([queued('a', price(1))])
  ledger.reverted('a', 'conflict')
  expect(ledger.open.get()).toMatchObject([{ fields: ['price'], outcome: { kind: 'conflict' } }])
  ledger.queued([queued('b', price(2))])
  expect(ledger.ofRow('pie').map(({ operationId }) => operationId)).toEqual(['b'])
  ledger.reverted('b', undefined)
  expect(ledger.open.get()).toEqual([])
})

test('[SU16] a write that waits says what its last attempt failed with', () => {
  const ledger = createWriteLedger(createVirtualClock(), () => {})
  ledger.queued([queued('a', price(1))])
  const lastError = new FreshetError({ code: 'table/unreachable', kind: 'remote', message: 'Gone.' })
  ledger.queued([{ ...queued('a', price(1), 'unsure'), attempts: 1, lastError }])
  expect(ledger.get('a')?.outcome).toEqual({ kind: 'pending', step: 'unsure', kept: false, trouble: 'Gone.' })
})

test('[SU4] a write that another window settled leaves without a word', async () => {
  const clock = createVirtualClock()
  const ledger = createWriteLedger(clock, () => {})
  ledger.queued([queued('a', price(1), 'unsure')])
  ledger.queued([])
  await clock.advance(1)
  expect(ledger.ofRow('pie')).toEqual([])
})

test('[SU4] the notes of a row keep their identity while others change', () => {
  const ledger = createWriteLedger(createVirtualClock(), () => {})
  ledger.queued([queued('a', price(1))])
  const before = ledger.ofRow('pie')
  const other: QueuedOperation = queued('b', { kind: 'delete' })
  const edits = [{ table: 'rows', id: 'tart', edit: { kind: 'delete' } as const }]
  ledger.queued([queued('a', price(1)), { ...other, operation: { ...other.operation, edits } }])
  expect(ledger.ofRow('pie')).toBe(before)
  ledger.reverted('b', new FreshetError({ code: 'table/not-found', kind: 'conflict', message: 'gone' }))
  expect(ledger.ofRow('tart')).toMatchObject([{ outcome: { kind: 'rejected', reason: 'gone' } }])
  ledger.dismiss('b')
  expect(ledger.ofRow('tart')).toEqual([])
})

test('[SU16] a failed write that is kept is told until it is retried, discarded or answered', () => {
  const letGo: string[] = []
  const ledger = createWriteLedger(createVirtualClock(), (operationId) => letGo.push(operationId))
  const failed: QueuedOperation = {
    ...queued('a', price(1), 'failed'),
    failure: { kind: 'rejected', error: refusal },
  }
  // As after a reload: what failed before is in the queue.
  ledger.queued([failed, queued('b', { kind: 'patch', set: { name: 'Pie' } }, 'parked')])
  expect(ledger.open.get()).toMatchObject([
    { outcome: { kind: 'rejected', stays: true, fieldReasons: { price: 'too low' } } },
    { outcome: { kind: 'pending', step: 'parked', kept: true } },
  ])
  ledger.queued([queued('a', price(1))])
  expect(ledger.get('a')?.outcome).toMatchObject({ kind: 'pending', step: 'queued' })
  ledger.queued([failed])
  ledger.takenUp('a')
  expect(ledger.get('a')?.outcome).toMatchObject({ kind: 'rejected', atCard: true })
  ledger.dismiss('a')
  expect([ledger.get('a'), letGo]).toEqual([undefined, ['a']])
})
