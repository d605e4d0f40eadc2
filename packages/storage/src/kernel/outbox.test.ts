import { FreshetError, whenDrained, type Outbox } from '@freshet/core'
import { toyTable } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { failingStore } from '../testing/failing-store.ts'
import { setUp, states } from './testing/set-up-outbox.ts'
import { setValue } from './testing/toy-target.ts'

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

test('[W9] an outbox without `mergeUnsent` sends each operation', async () => {
  const { outbox, remote } = await setUp({ merging: undefined })
  remote.target.merge = () => 'nothing'
  const first = outbox.submit(setValue('o1', 'a', 1, { group: 'g' }))
  const second = outbox.submit(setValue('o2', 'a', 2, { group: 'g' }))
  outbox.start()
  await Promise.all([first.settled, second.settled])
  expect(remote.sent).toEqual(['o1', 'o2'])
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
  await whenDrained(outbox)
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
  await whenDrained(outbox)
  failure = undefined
  await outbox.submit(setValue('o2', 'a', 2)).settled
  await clock.settle()
  expect(remote.sent).toEqual(['o2'])
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
