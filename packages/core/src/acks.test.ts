import { expect, test } from 'vitest'
import type { Ack, RowFact, Seq } from './batch.ts'
import { wholeTable } from './coverage.ts'
import { coverages } from './coverage-books.ts'
import type { RowEdit } from './overlay.ts'
import { createIntake } from './intake.ts'
import { isEager } from './refetch.ts'
import { createReplica, type ReplicaOptions } from './replica.ts'
import { gone, patch, put } from './testing/facts.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import { sourceSide } from './source-side.ts'

/** A row with a pending write over it, and every value of it that a listener has seen since. */
function setUp(options: Partial<ReplicaOptions<RowFact>> = {}) {
  const replica = createReplica({
    name: 'r',
    tables: [{ name: toyTable }],
    coverages,
    clock: createVirtualClock(),
    ...options,
  })
  const rows = replica.collection(toyTable)
  const push = (facts: RowFact[], acks: Ack[] = []) =>
    replica.apply({ kind: 'state', startedAt: 'live', facts, acks })
  push([put('a', { price: 1, name: 'x' })])
  const seen: unknown[] = []
  rows.subscribe(() => seen.push(rows.get('a')))
  const write = (operationId: string, edit: RowEdit) => {
    replica.addLayer({ operationId, table: toyTable, id: 'a', edit })
    return replica.beginRead()
  }
  const reply = (startedAt: Seq, facts: RowFact[], acks: Ack[] = []) =>
    replica.apply({ kind: 'state', startedAt, facts, acks })
  return { replica, rows, push, reply, write, seen }
}

const price = (value: number): RowEdit => ({ kind: 'patch', set: { price: value } })
const ack: Ack[] = [{ operationId: 'op' }]

test('[W5] [O5] the reply with the stored row: the layer falls with it, and the old value never shows', () => {
  const { replica, rows, write, reply, seen } = setUp()
  const read = write('op', price(2))
  reply(read.startedAt, [put('a', { price: 2, name: 'x' })], ack)
  expect(seen).toEqual([
    { price: 2, name: 'x' },
    { price: 2, name: 'x' },
  ])
  expect(rows.meta('a')?.pending).toBe(false)
  expect([replica.overlay.size, replica.refetches.idle]).toEqual([0, true])
})

test('[W5] [O5] the echo before the reply: the reply says what is held and takes the layer', () => {
  const { replica, write, push, reply, seen } = setUp()
  const read = write('op', price(2))
  push([patch('a', { price: 2 })])
  reply(read.startedAt, [put('a', { price: 2, name: 'x' })], ack)
  expect(replica.overlay.size).toBe(0)
  expect(replica.refetches.idle).toBe(true)
  expect(new Set(seen.map((row) => (row as { price: number }).price))).toEqual(new Set([2]))
})

test('[W5] the echo that names the operation takes the layer, and the reply behind it changes nothing', () => {
  const { replica, rows, write, push, reply } = setUp()
  const read = write('op', price(2))
  push([put('a', { price: 2, name: 'x' })], ack)
  expect(replica.overlay.size).toBe(0)
  reply(read.startedAt, [put('a', { price: 2, name: 'x' })], ack)
  expect(rows.get('a')).toEqual({ price: 2, name: 'x' })
  expect(replica.refetches.idle).toBe(true)
})

test('[W5] [O5] a change by another that crossed the reply: the layer is held until a later read', () => {
  const { replica, rows, write, push, reply, seen } = setUp()
  const read = write('op', price(2))
  push([put('a', { price: 1, name: 'theirs' })])
  expect(rows.get('a')).toEqual({ price: 2, name: 'theirs' })
  reply(read.startedAt, [put('a', { price: 2, name: 'x' })], ack)
  expect(rows.get('a')).toEqual({ price: 2, name: 'theirs' })
  expect(replica.overlay.size).toBe(1)
  expect(replica.refetches.take(isEager)).toHaveLength(1)
  // A read that was sent before the acknowledgement proves nothing.
  reply(read.startedAt, [put('a', { price: 1, name: 'theirs' })])
  expect(replica.overlay.size).toBe(1)
  const again = replica.beginRead()
  reply(again.startedAt, [put('a', { price: 2, name: 'theirs' })])
  expect(replica.overlay.size).toBe(0)
  expect(seen.map((row) => (row as { price: number }).price).every((value) => value === 2)).toBe(true)
})

test('[W5] versions order the reply and what crossed it', () => {
  const { replica, rows, write, push, reply } = setUp()
  push([put('a', { price: 1, name: 'x' }, 1)])
  const read = write('op', price(2))
  push([put('a', { price: 2, name: 'later' }, 3)])
  reply(read.startedAt, [put('a', { price: 2, name: 'x' }, 2)], ack)
  expect(rows.get('a')).toEqual({ price: 2, name: 'later' })
  expect([replica.overlay.size, replica.refetches.idle]).toEqual([0, true])
})

test('[W5] a value-identical write has no echo: its reply alone takes the layer', () => {
  const { replica, rows, write, reply } = setUp()
  const held = rows.get('a')
  const read = write('op', price(1))
  expect(rows.get('a')).toBe(held)
  reply(read.startedAt, [put('a', { price: 1, name: 'x' })], ack)
  expect(replica.overlay.size).toBe(0)
  expect(rows.get('a')).toBe(held)
})

test('[W5] an acknowledgement without a row holds the layer until the row is read', () => {
  const { replica, rows, write, reply } = setUp()
  const read = write('op', price(2))
  reply(read.startedAt, [], ack)
  expect([rows.get('a'), replica.overlay.size]).toEqual([{ price: 2, name: 'x' }, 1])
  expect(replica.refetches.take(isEager).map(({ id }) => id)).toEqual(['a'])
  reply(replica.seq, [put('a', { price: 2, name: 'trimmed' })])
  expect([rows.get('a'), replica.overlay.size]).toEqual([{ price: 2, name: 'trimmed' }, 0])
})

test('[W5] a whole walk settles acknowledged removals that nothing else can tell', () => {
  const { replica, rows, write, reply } = setUp()
  const read = write('op', { kind: 'delete' })
  reply(read.startedAt, [], ack)
  expect(replica.overlay.size).toBe(1)
  sourceSide(replica).beginEpoch()
  reply(replica.seq, [], [])
  replica.apply({
    kind: 'state',
    startedAt: replica.seq,
    facts: [],
    covers: [{ table: toyTable, key: wholeTable, complete: true }],
  })
  expect([replica.overlay.size, rows.confirmed('a')]).toEqual([0, undefined])
  expect(replica.refetches.idle).toBe(true)
})

test('[O6] [W5] of two writes to one row the first is confirmed under the second', () => {
  const { replica, rows, write, reply, seen } = setUp()
  const first = write('op', price(2))
  write('op2', price(3))
  reply(first.startedAt, [put('a', { price: 2, name: 'stored' })], ack)
  expect(rows.get('a')).toEqual({ price: 3, name: 'stored' })
  expect(rows.confirmed('a')).toEqual({ price: 2, name: 'stored' })
  replica.dropLayer('op2')
  expect(rows.get('a')).toEqual({ price: 2, name: 'stored' })
  expect(seen).not.toContainEqual({ price: 1, name: 'x' })
})

test('[O5] [W5] an acknowledged write that still waits for its row falls with a later one that is confirmed', () => {
  const { replica, rows, write, push, reply, seen } = setUp()
  const first = write('op', price(2))
  // Acknowledged without its row: held until the row is read, which is on its way.
  reply(first.startedAt, [], ack)
  replica.refetches.take(isEager)
  write('op2', price(3))
  push([patch('a', { price: 3 })], [{ operationId: 'op2' }])
  expect(rows.get('a')).toEqual({ price: 3, name: 'x' })
  expect(seen.map((row) => (row as { price: number }).price)).toEqual([2, 3, 3])
  expect(replica.overlay.size).toBe(0)
})

test('[W5] a parked reply leaves the layer until it is applied', () => {
  const ready = new Set<string>()
  const { replica, rows, write, reply } = setUp({
    intake: createIntake({
      needsOf: (fact) => (fact.kind === 'put' && fact.row['price'] === 2 ? ['it'] : []),
      isReady: (need) => ready.has(need),
    }),
  })
  const read = write('op', price(2))
  expect(reply(read.startedAt, [put('a', { price: 2, name: 'x' })], ack).kind).toBe('parked')
  expect([rows.get('a'), rows.confirmed('a')]).toEqual([
    { price: 2, name: 'x' },
    { price: 1, name: 'x' },
  ])
  ready.add('it')
  sourceSide(replica).retryDeferred()
  expect([rows.get('a'), rows.confirmed('a')]).toEqual([
    { price: 2, name: 'x' },
    { price: 2, name: 'x' },
  ])
  expect(replica.overlay.size).toBe(0)
})

test('[O2] undoing shows what is confirmed now, not what was when the write was made', () => {
  const { replica, rows, write, push } = setUp()
  write('op', price(2))
  push([put('a', { price: 7, name: 'theirs' })])
  replica.dropLayer('op')
  expect(rows.get('a')).toEqual({ price: 7, name: 'theirs' })
  replica.dropLayer('op')
  expect(replica.overlay.size).toBe(0)
})

test('[O4] an insert yields to a row that is there, a patch of nothing shows nothing', () => {
  const { replica, rows, push } = setUp()
  replica.addLayer({ operationId: 'i', table: toyTable, id: 'new', edit: { kind: 'insert', row: { n: 1 } } })
  replica.addLayer({ operationId: 'p', table: toyTable, id: 'none', edit: { kind: 'patch', set: { n: 1 } } })
  expect([rows.get('new'), rows.get('none')]).toEqual([{ n: 1 }, undefined])
  push([put('new', { n: 5 })])
  expect(rows.get('new')).toEqual({ n: 5 })
  push([gone('new')])
  expect(rows.get('new')).toEqual({ n: 1 })
})

test('[O4] an upsert is the row while there is none, and a patch once there is one', () => {
  const { replica, rows, push } = setUp()
  const layer = { operationId: 'u', table: toyTable, id: 'late' }
  replica.addLayer({ ...layer, edit: { kind: 'upsert', set: { n: 1 } } })
  expect([rows.get('late'), rows.confirmed('late')]).toEqual([{ n: 1 }, undefined])
  push([put('late', { n: 5, m: 5 })])
  expect(rows.get('late')).toEqual({ n: 1, m: 5 })
  push([put('late', { n: 6, m: 6 })])
  expect(rows.get('late')).toEqual({ n: 1, m: 6 })
  push([gone('late')])
  expect(rows.get('late')).toEqual({ n: 1 })
  push([put('late', { n: 7, m: 7 })])
  replica.dropLayer('u')
  expect(rows.get('late')).toEqual({ n: 7, m: 7 })
})

test('[O6] a write whose operation is shown already takes its place', () => {
  const { replica, rows } = setUp()
  const layer = { operationId: 'op', table: toyTable, id: 'a' }
  replica.addLayer({ ...layer, edit: price(2) })
  replica.addLayer({ ...layer, operationId: 'op2', edit: { kind: 'patch', set: { name: 'y' } } })
  replica.addLayer({ ...layer, edit: price(3) })
  expect([rows.get('a'), replica.overlay.size]).toEqual([{ price: 3, name: 'y' }, 2])
  replica.addLayer({ ...layer, id: 'b', edit: { kind: 'insert', row: { n: 1 } } })
  expect([rows.get('a'), rows.get('b'), replica.overlay.size]).toEqual([{ price: 1, name: 'y' }, { n: 1 }, 2])
})

test('[W5] a push behind an ack without the row does not spare the reading that takes the layer', () => {
  const { replica, rows, write, push, reply } = setUp()
  const read = write('op', { kind: 'delete' })
  reply(read.startedAt, [], ack)
  expect(replica.refetches.wants({ table: toyTable, id: 'a' })).toBe(true)
  push([put('a', { price: 9, name: 'someone else' })])
  expect(replica.refetches.wants({ table: toyTable, id: 'a' })).toBe(true)
  reply(replica.seq, [put('a', { price: 9, name: 'someone else' })])
  expect(replica.overlay.size).toBe(0)
  expect(rows.get('a')).toEqual({ price: 9, name: 'someone else' })
})
