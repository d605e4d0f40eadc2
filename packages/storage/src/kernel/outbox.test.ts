import {
  createOutbox,
  followStore,
  FreshetError,
  openReplica,
  storeTables,
  type Outbox,
  type OutboxOptions,
  type Store,
} from '@freshet/core'
import { createSeededRandom, createVirtualClock, put, toyTable } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createMemoryDisk } from '../memory/memory-disk.ts'
import { openMemoryStore } from '../memory/open-memory-store.ts'
import { crashingStore } from '../testing/crashing-store.ts'
import { failingStore } from '../testing/failing-store.ts'
import { createToyTarget, setValue, type ToyTarget } from './testing/toy-target.ts'

const specs = [{ name: toyTable }]
const tables = storeTables(specs)
const backoff = { baseMs: 100, capMs: 100, jitter: 0 }

async function setUp(
  options: Partial<OutboxOptions<never>> & {
    disk?: ReturnType<typeof createMemoryDisk>
    remote?: ToyTarget
    wrap?: (store: Store) => Store
    role?: 'leader' | 'follower'
  } = {},
) {
  const {
    disk = createMemoryDisk(),
    remote = createToyTarget(),
    wrap = (store: Store) => store,
    role,
    ...rest
  } = options
  const clock = createVirtualClock()
  const store = wrap(await openMemoryStore({ tables, disk }))
  const replica = await openReplica({ name: 'r', tables: specs, store, clock, role })
  const rows = replica.collection(toyTable)
  const outbox = createOutbox({
    replica,
    target: remote.target,
    store,
    backoff,
    clock,
    random: createSeededRandom(1),
    ...rest,
  })
  const kept = () => store.range('$operations', {})
  const values = () => Object.fromEntries([...rows.entries()].map(([id, row]) => [id, row['value']]))
  return { clock, disk, store, replica, rows, remote, outbox, kept, values }
}
const states = (outbox: Outbox) =>
  outbox.queued().map(({ operation, state }) => [operation.operationId, state])

test('[W1] an operation shows at once, is noted, sent, and settles when its effect is in local reads', async () => {
  const { clock, outbox, values, kept, remote, replica } = await setUp()
  const { accepted, settled } = outbox.submit(setValue('o1', 'a', 1))
  expect(values()).toEqual({ a: 1 })
  await accepted
  expect(await kept()).toHaveLength(1)
  expect(remote.sent).toEqual([])
  outbox.start()
  expect(await settled).toMatchObject({ kind: 'confirmed' })
  expect([replica.overlay.size, values()]).toEqual([0, { a: 1 }])
  await clock.settle()
  await replica.flushed()
  expect([await kept(), outbox.queued()]).toEqual([[], []])
})

test('[W1] an operation that is queued already is not queued again', async () => {
  const { outbox, remote, replica } = await setUp()
  const first = outbox.submit(setValue('o1', 'a', 1))
  const again = outbox.submit(setValue('o1', 'a', 1))
  expect(again.settled).toBe(first.settled)
  outbox.start()
  await first.settled
  expect([remote.sent, replica.overlay.size]).toEqual([['o1'], 0])
})

test('[W6] operations of one group go one after the other, in order, also past one that is refused', async () => {
  const { clock, outbox, remote, values } = await setUp()
  outbox.start()
  const letGo = remote.hold()
  remote.treatNext('taken', 'taken', 'refused')
  const all = [
    setValue('a1', 'a', 1),
    setValue('b1', 'b', 1),
    setValue('a2', 'a', 2),
    setValue('a3', 'a', 3),
  ].map((operation) => outbox.submit(operation))
  await clock.settle()
  expect(remote.sent).toEqual(['a1', 'b1'])
  expect(values()).toEqual({ a: 3, b: 1 })
  letGo()
  expect((await Promise.all(all.map(({ settled }) => settled))).map(({ kind }) => kind)).toEqual([
    'confirmed',
    'confirmed',
    'rejected',
    'confirmed',
  ])
  expect(remote.sent).toEqual(['a1', 'b1', 'a2', 'a3'])
  expect([values(), Object.fromEntries(remote.rows)]).toEqual([
    { a: 3, b: 1 },
    { a: { value: 3 }, b: { value: 1 } },
  ])
})

test('[W6] a group whose first operation is slow to be noted waits for it, without spinning', async () => {
  const gates: (() => void)[] = []
  const { clock, outbox, remote } = await setUp({
    wrap: (store) => ({
      ...store,
      async append(table, value) {
        if (gates.length === 0) await new Promise<void>((resolve) => gates.push(resolve))
        return store.append(table, value)
      },
    }),
  })
  outbox.start()
  const first = outbox.submit(setValue('o1', 'a', 1))
  const second = outbox.submit(setValue('o2', 'a', 2))
  await second.accepted
  await clock.settle()
  expect(remote.sent).toEqual([])
  gates[0]?.()
  await Promise.all([first.settled, second.settled])
  expect(remote.sent).toEqual(['o1', 'o2'])
})

test('[W6] a conflict ends its own operation with the current row, and drops its layer', async () => {
  const { outbox, remote, values, kept, replica } = await setUp()
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('a', { value: 7 })] })
  remote.rows.set('a', { value: 7 })
  remote.treatNext('conflict')
  const { settled } = outbox.submit(setValue('o1', 'a', 1))
  outbox.start()
  expect(await settled).toEqual({ kind: 'conflict', current: { value: 7 } })
  expect([values(), await kept(), outbox.queued()]).toEqual([{ a: 7 }, [], []])
})

test('[W6] a conflict of what nobody waits for parks its row, not the queue; a retry sends all in order', async () => {
  const { clock, outbox, remote, values, kept } = await setUp()
  const stays = { group: 'g', stays: true }
  remote.treatNext('conflict')
  const head = outbox.submit(setValue('a1', 'a', 1, stays))
  const behind = outbox.submit(setValue('a2', 'a', 2, { group: 'g' }))
  outbox.submit(setValue('b1', 'b', 1, stays))
  const told: string[] = []
  outbox.onSettled((id, { kind }) => told.push(`${id} ${kind}`))
  outbox.start()
  await clock.settle()
  expect(await head.settled).toMatchObject({ kind: 'conflict' })
  // Who waits for one that is parked hears that it is kept.
  expect(await behind.settled).toEqual({ kind: 'kept' })
  expect(states(outbox)).toEqual([
    ['a1', 'failed'],
    ['a2', 'parked'],
  ])
  // What failed does not show; what waits behind it does.
  expect([remote.sent, told, values()]).toEqual([
    ['a1', 'b1'],
    ['a1 conflict', 'b1 confirmed'],
    { a: 2, b: 1 },
  ])
  await outbox.drained()
  expect(await outbox.retry('a2')).toBe(false)
  expect(await outbox.retry('a1')).toBe(true)
  await clock.settle()
  expect([remote.sent, told.slice(2)]).toEqual([
    ['a1', 'b1', 'a1', 'a2'],
    ['a1 confirmed', 'a2 confirmed'],
  ])
  expect([values(), await kept()]).toEqual([{ a: 2, b: 1 }, []])
})

test('[W6] what is refused stays, and what comes after it goes on', async () => {
  const { clock, outbox, remote, values } = await setUp()
  const stays = { group: 'g', stays: true }
  remote.treatNext('refused')
  outbox.submit(setValue('a1', 'a', 1, stays))
  outbox.submit(setValue('a2', 'a', 2, stays))
  outbox.start()
  await clock.settle()
  expect(outbox.queued()).toMatchObject([
    { state: 'failed', failure: { kind: 'rejected', error: { code: 'toy/refused' } } },
  ])
  expect([remote.sent, values()]).toEqual([['a1', 'a2'], { a: 2 }])
})

test('[W6] what failed stays over a restart until it is taken back; then what was parked goes on', async () => {
  const first = await setUp()
  const stays = { group: 'g', stays: true }
  first.remote.treatNext('conflict')
  first.outbox.submit(setValue('a1', 'a', 1, stays))
  first.outbox.submit(setValue('a2', 'a', 2, stays))
  first.outbox.start()
  await first.clock.settle()
  await first.outbox.stop()

  const second = await setUp({ disk: first.disk, remote: first.remote })
  await second.outbox.restore()
  second.outbox.start()
  await second.clock.advance(1_000)
  expect(second.outbox.queued()).toMatchObject([
    { state: 'failed', failure: { kind: 'conflict' } },
    { state: 'parked' },
  ])
  expect([first.remote.sent, second.values()]).toEqual([['a1'], { a: 2 }])
  expect(await second.outbox.discard('a1')).toBe(true)
  await second.clock.settle()
  expect([first.remote.sent, second.values(), second.outbox.queued()]).toEqual([['a1', 'a2'], { a: 2 }, []])
  await second.replica.flushed()
  expect(await second.kept()).toEqual([])
})

test('[W6] an operation that answers failed ones takes their place, also through a crash in between', async () => {
  const first = await setUp()
  const stays = { group: 'g', stays: true }
  first.remote.treatNext('conflict')
  first.outbox.submit(setValue('a1', 'a', 1, stays))
  first.outbox.submit(setValue('a2', 'a', 2, stays))
  first.outbox.start()
  await first.clock.settle()
  // The new one is noted, and the process dies before the old ones are gone.
  const answer = setValue('a3', 'a', 3, { ...stays, replaces: ['a1', 'a2'] })
  await first.store.append('$operations', JSON.parse(JSON.stringify(answer)))
  const second = await setUp({ disk: first.disk, remote: first.remote })
  await second.outbox.restore()
  second.outbox.start()
  await second.clock.advance(1_000)
  expect([first.remote.sent, second.values()]).toEqual([['a1', 'a3'], { a: 3 }])
  await second.replica.flushed()
  expect(await second.kept()).toEqual([])
})

test('[W9] what is not sent yet is merged into the one before it, on the disk too; both are told', async () => {
  const { clock, outbox, remote, kept, values, replica } = await setUp()
  remote.target.merge = (first, next) => ({ ...first, request: next.request, edits: next.edits })
  const seen: unknown[] = []
  replica.collection(toyTable).subscribe(() => seen.push(values()['a']))
  const all = [1, 2, 3].map((value) => outbox.submit(setValue(`o${value}`, 'a', value, { group: 'g' })))
  await Promise.all(all.map(({ accepted }) => accepted))
  // Those came while the one before was being noted; this one comes while nothing is.
  const last = outbox.submit(setValue('o4', 'a', 4, { group: 'g' }))
  await last.accepted
  expect([(await kept()).length, values(), [...new Set(seen)]]).toEqual([3, { a: 4 }, [1, 2, 3, 4]])
  outbox.start()
  expect(await last.settled).toMatchObject({ kind: 'confirmed' })
  expect([remote.sent, replica.overlay.size]).toEqual([['o1', 'o2', 'o3'], 0])
  await clock.settle()
  await replica.flushed()
  expect([await kept(), remote.rows.get('a')]).toEqual([[], { value: 4 }])
})

test('[W9] two that cancel out are never sent; what has been sent, or stands elsewhere, is not merged', async () => {
  const { clock, outbox, remote, kept, values } = await setUp()
  remote.target.merge = () => 'nothing'
  await outbox.submit(setValue('o1', 'a', 1, { group: 'g' })).accepted
  const second = outbox.submit(setValue('o2', 'a', 2, { group: 'g' }))
  expect(await second.settled).toEqual({ kind: 'confirmed', facts: [] })
  expect([await kept(), values(), outbox.queued()]).toEqual([[], {}, []])
  remote.treatNext('not-reached')
  outbox.start()
  await outbox.submit(setValue('o3', 'a', 3, { group: 'g' })).accepted
  await clock.settle()
  await outbox.submit(setValue('o4', 'a', 4, { group: 'g' })).accepted
  await clock.advance(1_000)
  expect(remote.sent).toEqual(['o3', 'o3', 'o4'])
})

test('[W9] a merge that the store refuses leaves the first as it was, and undoes the second', async () => {
  let failure: FreshetError | undefined
  const { clock, outbox, remote, values } = await setUp({
    wrap: (store) => failingStore(store, () => failure),
  })
  remote.target.merge = (first, next) => ({ ...first, request: next.request, edits: next.edits })
  await outbox.submit(setValue('o1', 'a', 1, { group: 'g' })).accepted
  failure = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'full' })
  await expect(outbox.submit(setValue('o2', 'a', 2, { group: 'g' })).accepted).rejects.toBe(failure)
  expect(values()).toEqual({ a: 1 })
  failure = undefined
  outbox.start()
  await clock.settle()
  expect([remote.sent, remote.rows.get('a')]).toEqual([['o1'], { value: 1 }])
})

test('[W3] beyond its capacity the outbox makes callers wait, and lets them in in their order', async () => {
  const { clock, outbox, remote, values } = await setUp({ capacity: 2 })
  const submitted = [1, 2, 3, 4].map((value) => outbox.submit(setValue(`o${value}`, 'a', value)))
  const accepted: number[] = []
  for (const [index, each] of submitted.entries()) void each.accepted.then(() => accepted.push(index + 1))
  await clock.settle()
  expect([accepted, states(outbox).length, values()]).toEqual([[1, 2], 2, { a: 4 }])
  outbox.start()
  // A caller that comes as room is made does not overtake those who wait.
  let late: ReturnType<Outbox['submit']> | undefined
  outbox.subscribe(
    () => (late ??= outbox.queued().length < 2 ? outbox.submit(setValue('o5', 'a', 5)) : undefined),
  )
  await outbox.drained()
  await clock.settle()
  expect(accepted).toEqual([1, 2, 3, 4])
  expect(remote.sent).toEqual(['o1', 'o2', 'o3', 'o4', 'o5'])
  expect(await late?.settled).toMatchObject({ kind: 'confirmed' })
})

test('[W2] an operation that the store refuses is undone and says so; those behind it go on', async () => {
  let failure: FreshetError | undefined
  const { clock, outbox, remote, values } = await setUp({
    wrap: (store) => failingStore(store, () => failure),
  })
  failure = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'full' })
  outbox.start()
  const refused = outbox.submit(setValue('o1', 'a', 1))
  await expect(refused.accepted).rejects.toMatchObject({ code: 'storage/full' })
  expect(await refused.settled).toMatchObject({ kind: 'rejected', error: { code: 'storage/full' } })
  expect([values(), outbox.queued()]).toEqual([{}, []])
  await outbox.drained()
  failure = undefined
  await outbox.submit(setValue('o2', 'a', 2)).settled
  await clock.settle()
  expect(remote.sent).toEqual(['o2'])
})

test('[W2] what was accepted survives a restart, shows at once, and is verified before it is sent', async () => {
  const { disk, outbox, remote } = await setUp()
  await outbox.submit(setValue('o1', 'a', 1)).accepted
  await outbox.submit(setValue('o2', 'b', 2)).accepted
  remote.rows.set('a', { value: 1 })

  const next = await setUp({ disk, remote })
  await next.outbox.restore()
  await next.outbox.restore()
  expect([next.values(), states(next.outbox)]).toEqual([
    { a: 1, b: 2 },
    [
      ['o1', 'unsure'],
      ['o2', 'unsure'],
    ],
  ])
  next.outbox.start()
  await next.outbox.drained()
  expect([remote.verified, remote.sent]).toEqual([['o1', 'o2'], ['o2']])
  await next.replica.flushed()
  expect(await next.kept()).toEqual([])
})

test('[W2] what another tab has noted is taken over once, also while it is being noted here', async () => {
  const { outbox, store, remote, clock } = await setUp()
  outbox.start()
  const mine = outbox.submit(setValue('o1', 'a', 1))
  await store.append('$operations', { ...setValue('o2', 'b', 2) } as never)
  await Promise.all([outbox.restore(), outbox.restore(), mine.settled])
  await outbox.drained()
  await clock.settle()
  expect(remote.sent.toSorted()).toEqual(['o1', 'o2'])
})

test('[W4] after a lost answer the effect is looked for before anything is sent again', async () => {
  const { clock, outbox, remote } = await setUp()
  remote.treatNext('answer-lost', 'not-reached')
  const [taken, missed] = [setValue('o1', 'a', 1), setValue('o2', 'b', 2)].map((operation) =>
    outbox.submit(operation),
  )
  outbox.start()
  await clock.settle()
  expect(states(outbox)).toEqual([
    ['o1', 'unsure'],
    ['o2', 'unsure'],
  ])
  await clock.advance(100)
  expect([await taken?.settled, await missed?.settled]).toMatchObject([
    { kind: 'confirmed' },
    { kind: 'confirmed' },
  ])
  expect([remote.verified, remote.sent]).toEqual([
    ['o1', 'o2'],
    ['o1', 'o2', 'o2'],
  ])
})

test('[W4] an answer that does not come in time counts as lost', async () => {
  const { clock, outbox, remote } = await setUp({ stallMs: 5_000 })
  remote.treatNext('mute')
  const { settled } = outbox.submit(setValue('o1', 'a', 1))
  outbox.start()
  await clock.advance(5_100)
  expect(await settled).toMatchObject({ kind: 'confirmed' })
  expect(remote.sent).toEqual(['o1', 'o1'])
})

test('[W1] what must be sent once is never sent twice: a lost answer is reported', async () => {
  const { clock, outbox, remote, kept, values } = await setUp()
  remote.treatNext('answer-lost')
  const { settled } = outbox.submit(setValue('o1', 'a', 1, { once: true }))
  outbox.start()
  await clock.advance(1_000)
  expect(await settled).toMatchObject({ kind: 'unknown', error: { code: 'outbox/unknown-outcome' } })
  expect([remote.sent, remote.verified, await kept(), values()]).toEqual([['o1'], [], [], {}])
})

test('[W1] what must be sent once and never was is sent after a restart; what may have been is reported', async () => {
  const first = await setUp()
  await first.outbox.submit(setValue('o1', 'a', 1, { once: true })).accepted
  const second = await setUp({ disk: first.disk, remote: first.remote })
  await second.outbox.restore()
  expect(states(second.outbox)).toEqual([['o1', 'queued']])
  first.remote.treatNext('mute')
  second.outbox.start()
  await second.clock.settle()
  expect(first.remote.sent).toEqual(['o1'])
  // The process dies while it waits for the answer.
  const third = await setUp({ disk: first.disk, remote: first.remote })
  await third.outbox.restore()
  expect(states(third.outbox)).toEqual([['o1', 'unsure']])
  const outcomes: string[] = []
  third.outbox.onSettled((operationId, { kind }) => outcomes.push(`${operationId} ${kind}`))
  third.outbox.start()
  await third.clock.settle()
  expect([outcomes, first.remote.sent]).toEqual([['o1 unknown'], ['o1']])
})

test('[W7] what is taken back before it is sent is never sent, also not by the next run', async () => {
  const { clock, disk, outbox, remote, values } = await setUp()
  const noted = outbox.submit(setValue('o1', 'a', 1))
  // Not even noted yet.
  expect(await outbox.discard('o1')).toBe(true)
  expect(await noted.settled).toEqual({ kind: 'discarded' })
  outbox.submit(setValue('o2', 'a', 2))
  const discarded = outbox.discard('o2')
  outbox.start()
  expect(await discarded).toBe(true)
  await clock.advance(1_000)
  expect([remote.sent, values(), await outbox.discard('o2')]).toEqual([[], {}, false])
  const next = await setUp({ disk, remote })
  await next.outbox.restore()
  expect(next.outbox.queued()).toEqual([])
})

test('[W7] what waits for its next attempt can be taken back; what is being sent cannot', async () => {
  const { clock, outbox, remote } = await setUp()
  remote.treatNext('not-reached')
  outbox.submit(setValue('o1', 'a', 1))
  outbox.start()
  await clock.settle()
  expect(await outbox.discard('o1')).toBe(true)
  await clock.advance(1_000)
  expect(remote.sent).toEqual(['o1'])
  remote.hold()
  outbox.submit(setValue('o2', 'a', 2))
  await clock.settle()
  expect([states(outbox), await outbox.discard('o2')]).toEqual([[['o2', 'sending']], false])
})

test('[W7] what waits for room can be taken back', async () => {
  const { clock, outbox, remote, values } = await setUp({ capacity: 1 })
  outbox.submit(setValue('o1', 'a', 1))
  const waiting = outbox.submit(setValue('o2', 'a', 2))
  expect(await outbox.discard('o2')).toBe(true)
  expect([await waiting.settled, values()]).toEqual([{ kind: 'discarded' }, { a: 1 }])
  outbox.start()
  await expect(waiting.accepted).rejects.toMatchObject({ code: 'outbox/discarded' })
  await clock.settle()
  expect(remote.sent).toEqual(['o1'])
})

test('[W7] a follower that nobody leads cannot take back what a leader may be sending', async () => {
  const { disk, remote, outbox } = await setUp()
  outbox.start()
  const tab = await setUp({ disk, remote, role: 'follower' })
  await tab.outbox.submit(setValue('o1', 'a', 1)).accepted
  expect([await tab.outbox.discard('o1'), states(tab.outbox)]).toEqual([false, [['o1', 'queued']]])
  await outbox.restore()
  await outbox.drained()
  expect(remote.sent).toEqual(['o1'])
  tab.outbox.settledElsewhere('o1', { kind: 'confirmed', facts: [] }, false)
  expect([tab.replica.overlay.size, tab.outbox.queued()]).toEqual([0, []])
})

test('[T10] [W2] a follower made the leader reports what the one before may have settled', async () => {
  const first = await setUp()
  const tab = await setUp({ disk: first.disk, remote: first.remote, role: 'follower' })
  const [settledThere, unsettled] = [setValue('o1', 'a', 1), setValue('o2', 'a', 2)].map((operation) =>
    tab.outbox.submit(operation),
  )
  await unsettled?.accepted
  // The leader settles the first, and dies before it says so.
  await first.outbox.restore()
  first.outbox.start()
  first.remote.treatNext('taken', 'mute')
  await first.clock.settle()
  await first.replica.flushed()
  await followStore(tab.replica).promote()
  await tab.outbox.restore()
  expect(await settledThere?.settled).toMatchObject({ kind: 'unknown' })
  expect(states(tab.outbox)).toEqual([['o2', 'unsure']])
  tab.outbox.start()
  expect(await unsettled?.settled).toMatchObject({ kind: 'confirmed' })
  expect(tab.values()).toEqual({ a: 2 })
})

test('[T10] [W6] a failed operation whose tab has heard of it is found again when the leader dies before it lets go', async () => {
  const first = await setUp()
  const tab = await setUp({ disk: first.disk, remote: first.remote, role: 'follower' })
  const { accepted, settled } = tab.outbox.submit(setValue('o1', 'a', 1))
  await accepted
  await first.outbox.restore()
  first.remote.treatNext('refused')
  first.outbox.start()
  await first.clock.settle()
  expect(states(first.outbox)).toEqual([['o1', 'failed']])
  const error = new FreshetError({ code: 'toy/refused', kind: 'conflict', message: 'No.' })
  tab.outbox.settledElsewhere('o1', { kind: 'rejected', error }, true)
  expect(await settled).toMatchObject({ kind: 'rejected' })
  expect(tab.outbox.queued()).toEqual([])

  await first.outbox.stop()
  await followStore(tab.replica).promote()
  await tab.outbox.restore()
  expect(states(tab.outbox)).toEqual([['o1', 'failed']])
  expect(await tab.outbox.discard('o1')).toBe(true)
  expect(await tab.kept()).toEqual([])
})

test('[T10] [W2] a follower ends what a leader that is gone has settled, and not what the new one is about to tell', async () => {
  const first = await setUp()
  const tab = await setUp({ disk: first.disk, remote: first.remote, role: 'follower' })
  const [gone, told, queued] = [setValue('o1', 'a', 1), setValue('o2', 'b', 2), setValue('o3', 'c', 3)].map(
    (operation) => tab.outbox.submit(operation),
  )
  await queued?.accepted
  // Two are settled, and one of them is told late; the third is still on its way.
  await first.outbox.restore()
  first.remote.treatNext('taken', 'taken', 'mute')
  first.outbox.start()
  await first.clock.settle()
  await first.replica.flushed()
  await tab.outbox.endUntold(async () => {
    tab.outbox.settledElsewhere('o2', { kind: 'confirmed', facts: [] }, false)
  })
  expect([await gone?.settled, await told?.settled]).toMatchObject([
    { kind: 'unknown' },
    { kind: 'confirmed' },
  ])
  expect(states(tab.outbox)).toEqual([['o3', 'queued']])
  expect(tab.replica.overlay.size).toBe(1)
})

test('[T10] [W2] what is noted while a new leader takes over is not taken for settled', async () => {
  const gate = Promise.withResolvers<void>()
  const tab = await setUp({
    role: 'follower',
    wrap: (store) => ({
      ...store,
      async range(table, range) {
        const found = await store.range(table, range)
        if (table === '$operations') await gate.promise
        return found
      },
    }),
  })
  await followStore(tab.replica).promote()
  const restoring = tab.outbox.restore()
  const { accepted, settled } = tab.outbox.submit(setValue('o1', 'a', 1))
  await accepted
  gate.resolve()
  await restoring
  tab.outbox.start()
  expect(await settled).toMatchObject({ kind: 'confirmed' })
})

test('[W8] stopping keeps what is in the store for the next run, and takes nothing more', async () => {
  const { clock, outbox, remote, kept, values } = await setUp()
  remote.treatNext('mute')
  const { settled } = outbox.submit(setValue('o1', 'a', 1))
  outbox.start()
  await clock.settle()
  await outbox.stop()
  expect(await settled).toEqual({ kind: 'kept' })
  expect(await kept()).toHaveLength(1)
  const refused = outbox.submit(setValue('o2', 'b', 2))
  await expect(refused.accepted).rejects.toMatchObject({ code: 'outbox/closed' })
  expect(values()).toEqual({ a: 1 })
  outbox.start()
  await outbox.drained()
  expect([remote.sent, remote.verified]).toEqual([['o1', 'o1'], ['o1']])
})

test('[W8] without a store stopping undoes what was not sent and reports what may have been', async () => {
  const { clock, outbox, remote, values } = await setUp({ store: undefined })
  remote.treatNext('mute')
  const [sent, queued] = [setValue('o1', 'a', 1), setValue('o2', 'a', 2)].map((operation) =>
    outbox.submit(operation),
  )
  outbox.start()
  await clock.settle()
  await outbox.stop()
  expect([await sent?.settled, await queued?.settled]).toMatchObject([
    { kind: 'unknown' },
    { kind: 'rejected', error: { code: 'outbox/closed' } },
  ])
  expect([values(), outbox.queued()]).toEqual([{}, []])
})

test('[W5] a reply that cannot be applied is still a confirmation: the row is read instead', async () => {
  const { outbox, remote, replica, values } = await setUp()
  const { target } = remote
  remote.target.send = async () => ({
    kind: 'confirmed',
    facts: [{ kind: 'put', table: 'nowhere', id: 'a', row: {} }],
  })
  const { settled } = outbox.submit(setValue('o1', 'a', 1))
  outbox.start()
  expect(await settled).toMatchObject({ kind: 'confirmed' })
  expect([values(), replica.overlay.size, replica.refetches.size]).toEqual([{ a: 1 }, 1, 1])
  expect(target).toBe(remote.target)
})

test('[W2] [W1] [W6] killed at any write and started again, each accepted operation has its effect once and in order', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let failAt = 1; failAt <= 12; failAt++) {
      const remote = createToyTarget()
      const disk = createMemoryDisk()
      const accepted: string[] = []
      // Opening takes the first write.
      const first = await setUp({
        disk,
        remote,
        wrap: (store) => crashingStore(store, { failAt: failAt + 1, when }),
      })
      first.outbox.start()
      for (const operation of [
        setValue('a1', 'a', 1),
        setValue('a2', 'a', 2),
        setValue('b1', 'b', 1, { once: true }),
        setValue('a3', 'a', 3),
      ]) {
        const { operationId } = operation
        void first.outbox.submit(operation).accepted.then(
          () => accepted.push(operationId),
          () => {},
        )
        await first.clock.advance(50)
      }
      await first.outbox.stop()

      const second = await setUp({ disk, remote })
      await second.outbox.restore()
      second.outbox.start()
      await second.clock.advance(1_000)
      await second.outbox.drained()
      const at = `${when} write ${failAt}`
      expect(remote.sent.filter((id) => id === 'b1').length, at).toBeLessThanOrEqual(1)
      const last = accepted.filter((id) => id.startsWith('a')).at(-1)
      if (last)
        expect(Number(remote.rows.get('a')?.['value']), at).toBeGreaterThanOrEqual(Number(last.slice(1)))
      expect(
        remote.sent.filter((id, index) => id.startsWith('a') && remote.sent.indexOf(id) === index),
        at,
      ).toEqual(
        remote.sent.filter((id, index) => id.startsWith('a') && remote.sent.indexOf(id) === index).toSorted(),
      )
      await second.replica.flushed()
      // Of what was sent once and may have been taken, a person decides.
      for (const { operation, failure } of second.outbox.queued()) {
        expect([operation.operationId, failure?.kind], at).toEqual(['b1', 'unknown'])
        await second.outbox.discard(operation.operationId)
      }
      expect(await second.kept(), at).toEqual([])
      expect(second.replica.overlay.size, at).toBe(0)
    }
  }
})
