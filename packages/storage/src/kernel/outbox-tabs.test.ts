import { followStore, FreshetError, whenDrained } from '@freshet/core'
import { expect, test } from 'vitest'
import { setUp, states } from './testing/set-up-outbox.ts'
import { setValue } from './testing/toy-target.ts'

test('[W2] what another tab has noted is taken over once, also while it is being noted here', async () => {
  const { outbox, store, remote, clock } = await setUp()
  outbox.start()
  const mine = outbox.submit(setValue('o1', 'a', 1))
  await store.append('$operations', { ...setValue('o2', 'b', 2) } as never)
  await Promise.all([outbox.restore(), outbox.restore(), mine.settled])
  await whenDrained(outbox)
  await clock.settle()
  expect(remote.sent.toSorted()).toEqual(['o1', 'o2'])
})

test('[W6] a follower shows what its leader parks behind another tab’s failure, until that is decided', async () => {
  const leader = await setUp()
  const tab = await setUp({ disk: leader.disk, remote: leader.remote, role: 'follower' })
  leader.remote.treatNext('conflict')
  leader.outbox.submit(setValue('a1', 'a', 1, { stays: true }))
  leader.outbox.start()
  await leader.clock.settle()
  const { accepted, settled } = tab.outbox.submit(setValue('a2', 'a', 2))
  await accepted
  await leader.outbox.restore()
  expect(states(leader.outbox)).toEqual([
    ['a1', 'failed'],
    ['a2', 'parked'],
  ])
  tab.tabs.parkedElsewhere(['a2'])
  expect(states(tab.outbox)).toEqual([['a2', 'parked']])
  // Who waits for it there hears what is true here.
  expect(await settled).toEqual({ kind: 'kept' })
  await tab.outbox.submit(setValue('a3', 'a', 3)).accepted
  expect(states(tab.outbox)).toEqual([
    ['a2', 'parked'],
    ['a3', 'parked'],
  ])
  expect(await leader.outbox.discard('a1')).toBe(true)
  tab.tabs.parkedElsewhere([])
  expect(states(tab.outbox)).toEqual([
    ['a2', 'queued'],
    ['a3', 'queued'],
  ])
})

test('[W7] a follower that nobody leads cannot take back what a leader may be sending', async () => {
  const { disk, remote, outbox } = await setUp()
  outbox.start()
  const tab = await setUp({ disk, remote, role: 'follower' })
  await tab.outbox.submit(setValue('o1', 'a', 1)).accepted
  expect([await tab.outbox.discard('o1'), states(tab.outbox)]).toEqual([false, [['o1', 'queued']]])
  await outbox.restore()
  await whenDrained(outbox)
  expect(remote.sent).toEqual(['o1'])
  tab.tabs.settledElsewhere('o1', { kind: 'confirmed', facts: [] }, false)
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
  tab.tabs.settledElsewhere('o1', { kind: 'rejected', error }, true)
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
  await tab.tabs.endUntold(async () => {
    tab.tabs.settledElsewhere('o2', { kind: 'confirmed', facts: [] }, false)
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
