import { whenDrained } from '@freshet/core'
import { expect, test } from 'vitest'
import { createMemoryDisk } from '../memory/memory-disk.ts'
import { crashingStore } from '../testing/crashing-store.ts'
import { setUp, states } from './testing/set-up-outbox.ts'
import { createToyTarget, setValue } from './testing/toy-target.ts'

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
  await whenDrained(next.outbox)
  expect([remote.verified, remote.sent]).toEqual([['o1', 'o2'], ['o2']])
  await next.replica.flushed()
  expect(await next.kept()).toEqual([])
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
  await whenDrained(outbox)
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
      await whenDrained(second.outbox)
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
