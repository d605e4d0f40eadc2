import { expect, test } from 'vitest'
import type { CoverageUpdate, RowFact, Seq } from './batch.ts'
import { isFresh, wholeTable } from './coverage.ts'
import { coverages } from './coverage-books.ts'
import { isEager } from './refetch.ts'
import { createReplica, type ReplicaOptions } from './replica.ts'
import { gone, patch, put, touched } from './testing/facts.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import { sourceSide } from './source-side.ts'

function setUp(options: Partial<ReplicaOptions<RowFact>> = {}) {
  const replica = createReplica({
    name: 'r',
    tables: [{ name: toyTable }],
    coverages,
    clock: createVirtualClock(),
    ...options,
  })
  const rows = replica.collection(toyTable)
  return {
    replica,
    rows,
    push: (...facts: RowFact[]) => replica.apply({ kind: 'state', startedAt: 'live', facts }),
    reply: (startedAt: Seq, facts: RowFact[], covers: CoverageUpdate[] = []) =>
      replica.apply({ kind: 'state', startedAt, facts, covers }),
    wanted: () => replica.refetches.take(isEager).map(({ id }) => id),
  }
}

const whole: CoverageUpdate = { table: toyTable, key: wholeTable, complete: true }

test('[A2] a read that nothing crossed is written, and one that says the same changes nothing', () => {
  const { replica, rows, reply } = setUp()
  expect(reply(replica.seq, [put('a', { n: 1 })])).toEqual({ kind: 'applied', changedRows: 1 })
  const held = rows.get('a')
  expect(reply(replica.seq, [put('a', { n: 1 })])).toEqual({ kind: 'applied', changedRows: 0 })
  expect(rows.get('a')).toBe(held)
})

test('[A2] a reply to a read that crossed a change is not written, and the row is read again', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(put('a', { n: 1 }))
  const read = replica.beginRead()
  push(put('a', { n: 2 }))
  reply(read.startedAt, [put('a', { n: 1 })])
  read.end()
  expect(rows.get('a')).toEqual({ n: 2 })
  expect(wanted()).toEqual(['a'])
})

test('[A2] a crossing reply that says what is held already verifies it and wants nothing', () => {
  const { replica, rows, push, reply } = setUp()
  push(put('a', { price: '1.50' }))
  sourceSide(replica).beginEpoch()
  const read = replica.beginRead()
  push(patch('a', { price: '2.0' }))
  reply(read.startedAt, [put('a', { price: '2.0' })])
  // The patch had a base that was not verified; the reply does not say when it was read.
  expect(replica.refetches.size).toBe(1)
  replica.refetches.take(isEager)
  const again = replica.beginRead()
  push(put('b', {}))
  reply(again.startedAt, [put('a', { price: '2.0' })])
  expect(rows.meta('a')?.verifiedEpoch).toBe(replica.epoch)
  expect(replica.refetches.idle).toBe(true)
})

test('[A2] a read that crossed the removal of a row does not bring it back', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(put('a', { n: 1 }))
  const read = replica.beginRead()
  push(gone('a'))
  reply(read.startedAt, [put('a', { n: 1 })])
  expect(rows.lookup('a')).toEqual({ kind: 'absent' })
  expect(wanted()).toEqual(['a'])
})

test('[A2] a removal by a whole walk is not undone by a read that was sent before it', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(put('a', { n: 1 }))
  sourceSide(replica).beginEpoch()
  const read = replica.beginRead()
  reply(replica.seq, [], [whole])
  expect(rows.get('a')).toBeUndefined()
  reply(read.startedAt, [put('a', { n: 1 })])
  expect(rows.get('a')).toBeUndefined()
  expect(wanted()).toEqual(['a'])
})

test('[A2] versions decide where both sides have one, whatever crossed', () => {
  const { replica, rows, push, reply } = setUp()
  push(put('a', { n: 5 }, 5))
  const read = replica.beginRead()
  push(put('a', { n: 6 }, 6))
  reply(read.startedAt, [put('a', { n: 7 }, 7)])
  expect(rows.get('a')).toEqual({ n: 7 })
  reply(read.startedAt, [put('a', { n: 4 }, 4)])
  push(put('a', { n: 3 }, 3))
  expect(rows.get('a')).toEqual({ n: 7 })
  expect(replica.refetches.idle).toBe(true)
  push(put('b', { n: 1 }, 10n), put('b', { n: 2 }, 9n))
  expect(rows.get('b')).toEqual({ n: 1 })
})

test('[A2] an old state of a removed row does not make the next old one look new', () => {
  const { replica, rows, push, reply } = setUp()
  push(put('a', { n: 1 }, 1))
  const read = replica.beginRead()
  push(gone('a', 5))
  reply(read.startedAt, [put('a', { n: 3 }, 3)])
  reply(read.startedAt, [put('a', { n: 4 }, 4)])
  expect(rows.get('a')).toBeUndefined()
})

test('[A2] an older push does not settle the wish for a newer state', () => {
  const { replica, push, wanted } = setUp()
  push(put('a', { n: 5 }, 5))
  push(touched('a'))
  push(put('a', { n: 4 }, 4))
  expect(replica.refetches.size).toBe(1)
  expect(wanted()).toEqual(['a'])
})

test('[A2] a reply from a remote that lags behind itself is asked for again', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(put('a', { n: 5 }, 5))
  push(touched('a'))
  expect(wanted()).toEqual(['a'])
  reply(replica.seq, [put('a', { n: 4 }, 4)])
  expect(wanted()).toEqual(['a'])
  reply(replica.seq, [put('a', { n: 6 }, 6)])
  expect(rows.get('a')).toEqual({ n: 6 })
  expect(replica.refetches.idle).toBe(true)
})

test('[A2] a row is read again three times at most before it must be quiet', () => {
  const { replica, push, reply } = setUp()
  push(put('a', { n: 0 }), touched('a'))
  for (let n = 1; n <= 3; n++) {
    expect(replica.refetches.take(isEager)).toMatchObject([{ id: 'a', attempts: n - 1 }])
    const read = replica.beginRead()
    push(put('b', { n }), touched('a'))
    reply(read.startedAt, [put('a', { n: -n })])
    read.end()
  }
  expect(replica.refetches.take(isEager)).toEqual([])
  expect(replica.refetches.take(() => true)).toMatchObject([{ id: 'a', attempts: 3 }])
  reply(replica.seq, [put('a', { n: 9 })])
  push(touched('a'))
  expect(replica.refetches.take(isEager)).toMatchObject([{ id: 'a', attempts: 0 }])
})

test('[A2] a reply that says "deleted" and crossed the return of an unknown row does not settle the wish for it', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(patch('row6', { a: 1 }))
  expect(wanted()).toEqual(['row6'])
  const read = replica.beginRead()
  push(gone('row6'))
  push(patch('row6', { a: 2 }))
  reply(read.startedAt, [gone('row6')])
  read.end()
  expect(wanted()).toEqual(['row6'])
  reply(replica.seq, [put('row6', { a: 2 })])
  expect(rows.get('row6')).toEqual({ a: 2 })
  expect(replica.refetches.idle).toBe(true)
})

test('[A8] a touched row is read again where it is held, or where the whole table is', () => {
  const { replica, push, reply, wanted } = setUp()
  push(touched('a'))
  expect(wanted()).toEqual([])
  push(put('a', { n: 1 }), touched('a'))
  expect(wanted()).toEqual(['a'])
  reply(replica.seq, [put('a', { n: 1 })], [whole])
  push(touched('b'))
  expect(wanted()).toEqual(['b'])
})

test('[A8] a row that is touched while the table is first read is not missed', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  const first = replica.beginRead()
  reply(first.startedAt, [put('a', { n: 1 })])
  const second = replica.beginRead()
  first.end()
  push(touched('a2'))
  reply(second.startedAt, [put('b', { n: 1 })], [whole])
  second.end()
  expect(rows.complete).toBe(true)
  expect(wanted()).toEqual(['a2'])
})

test('[S3] a partial update shows at once; on a base that is not verified, or not held, the row is read again', () => {
  const { replica, rows, push, wanted } = setUp()
  push(put('a', { x: 1, y: 1 }))
  push(patch('a', { x: 2 }))
  expect(rows.get('a')).toEqual({ x: 2, y: 1 })
  expect(wanted()).toEqual([])
  sourceSide(replica).beginEpoch()
  push(patch('a', { x: 3 }), patch('new', { x: 1 }))
  expect(rows.get('a')).toEqual({ x: 3, y: 1 })
  expect(rows.get('new')).toBeUndefined()
  expect(rows.meta('a')?.verifiedEpoch).toBe(replica.epoch - 1)
  expect(wanted()).toEqual(['a', 'new'])
})

test('[S3] a patch takes fields away and counts its version', () => {
  const { rows, push } = setUp()
  push(put('a', { x: 1, y: 1 }, 1))
  push({ kind: 'patch', table: toyTable, id: 'a', set: { x: 2 }, unset: ['y'], version: 2 })
  push(patch('a', { x: 9 }, 1))
  expect(rows.get('a')).toEqual({ x: 2 })
})

test('[S4] a whole walk takes away what it did not see, and not what moved meanwhile', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(put('seen', { n: 1 }), put('gone', { n: 1 }), put('moved', { n: 1 }))
  sourceSide(replica).beginEpoch()
  const since = replica.seq
  reply(since, [put('seen', { n: 1 })])
  push(patch('moved', { n: 2 }))
  wanted()
  reply(replica.seq, [], [{ ...whole, since }])
  expect([...rows.ids()].toSorted()).toEqual(['moved', 'seen'])
  expect(wanted()).toEqual(['moved'])
  expect(rows.complete).toBe(true)
})

test('[S4] a walk that began before the epoch did takes nothing away', () => {
  const { replica, rows, push, reply } = setUp()
  push(put('a', { n: 1 }), put('b', { n: 1 }))
  sourceSide(replica).beginEpoch()
  const since = replica.seq
  reply(since, [put('a', { n: 1 })])
  // The host begins another epoch between two pages.
  sourceSide(replica).beginEpoch()
  reply(replica.seq, [put('b', { n: 1 })], [{ ...whole, since }])
  expect([...rows.ids()]).toEqual(['a', 'b'])
  expect(rows.complete).toBe(false)
  expect(replica.coverages.get(toyTable, wholeTable)).toBeUndefined()
})

test('[S4] a walk that saw an older state of a row does not take it away', () => {
  const { replica, rows, push, reply, wanted } = setUp()
  push(put('a', { n: 5 }, 5))
  sourceSide(replica).beginEpoch()
  reply(replica.seq, [put('a', { n: 4 }, 4)], [whole])
  expect(rows.get('a')).toEqual({ n: 5 })
  expect(wanted()).toEqual(['a'])
})

test('[S4] a whole walk settles the wish for a row that is not there', () => {
  const { replica, push, reply } = setUp()
  push(put('a', { n: 1 }), touched('a'))
  sourceSide(replica).beginEpoch()
  reply(replica.seq, [], [whole])
  expect(replica.refetches.idle).toBe(true)
})

test('[S3] a reply that was sent before the epoch verifies nothing in it', () => {
  const { replica, rows, reply } = setUp()
  const read = replica.beginRead()
  sourceSide(replica).beginEpoch()
  reply(read.startedAt, [put('a', { n: 1 })], [{ table: toyTable, key: 'q', complete: true, ids: ['a'] }])
  expect(rows.get('a')).toEqual({ n: 1 })
  expect(rows.meta('a')?.verifiedEpoch).toBe(replica.epoch - 1)
  const coverage = replica.coverages.get(toyTable, 'q')
  expect(coverage && isFresh(coverage, replica.epoch)).toBe(false)
})

test('[R6] a reading that was sent before an invalidation is not fresh after it', () => {
  const { replica, reply } = setUp()
  const update: CoverageUpdate = { table: toyTable, key: 'q', complete: true, ids: ['a'] }
  const read = replica.beginRead()
  sourceSide(replica).invalidate(toyTable, 'q')
  reply(read.startedAt, [put('a', { n: 1 })], [update])
  expect(replica.coverages.get(toyTable, 'q')?.invalidated).toBe(true)
  reply(replica.seq, [put('a', { n: 1 })], [update])
  expect(replica.coverages.get(toyTable, 'q')?.invalidated).toBe(false)
  sourceSide(replica).invalidate(toyTable, 'q')
  expect(replica.coverages.get(toyTable, 'q')?.invalidated).toBe(true)
})

test('[R6] a reading that was sent before a newer one that came first does not take its place', () => {
  const { replica, reply } = setUp()
  const slow = replica.beginRead()
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('b', { n: 1 })] })
  reply(replica.seq, [], [{ table: toyTable, key: 'q', complete: true, ids: ['b'] }])
  reply(slow.startedAt, [], [{ table: toyTable, key: 'q', complete: true, ids: ['a'] }])
  expect(replica.coverages.get(toyTable, 'q')?.ids).toEqual(['b'])
})
