import { retryOperation, whenDrained } from '@freshet/core'
import { put } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { setUp, states } from './testing/set-up-outbox.ts'
import { setValue } from './testing/toy-target.ts'

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
  await whenDrained(outbox)
  expect(await retryOperation(outbox, 'a2')).toBe(false)
  expect(await retryOperation(outbox, 'a1')).toBe(true)
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

test('[W10] a retry of what waits for its next attempt tries it at once, and then what waits behind it', async () => {
  const { clock, outbox, remote } = await setUp()
  remote.treatNext('not-reached')
  const first = outbox.submit(setValue('o1', 'a', 1))
  expect(await retryOperation(outbox, 'o1')).toBe(false)
  outbox.start()
  await clock.settle()
  const second = outbox.submit(setValue('o2', 'a', 2))
  await second.accepted
  expect(states(outbox)).toEqual([
    ['o1', 'unsure'],
    ['o2', 'queued'],
  ])
  const before = clock.now()
  expect(await retryOperation(outbox, 'o2')).toBe(true)
  expect(await Promise.all([first.settled, second.settled])).toMatchObject([
    { kind: 'confirmed' },
    { kind: 'confirmed' },
  ])
  expect([remote.sent, clock.now() - before]).toEqual([['o1', 'o1', 'o2'], 0])
  expect(await retryOperation(outbox, 'o2')).toBe(false)
})

test('[W10] what is being sent, or is parked, is not tried at once', async () => {
  const { clock, outbox, remote } = await setUp()
  remote.treatNext('conflict', 'mute')
  outbox.start()
  outbox.submit(setValue('a1', 'a', 1, { stays: true }))
  await clock.settle()
  outbox.submit(setValue('b1', 'b', 1))
  outbox.submit(setValue('a2', 'a', 2))
  await clock.settle()
  expect(states(outbox)).toEqual([
    ['a1', 'failed'],
    ['b1', 'sending'],
    ['a2', 'parked'],
  ])
  expect([await retryOperation(outbox, 'b1'), await retryOperation(outbox, 'a2')]).toEqual([false, false])
})
