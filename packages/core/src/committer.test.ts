import { expect, test } from 'vitest'
import { createCommitter } from './committer.ts'
import type { FreshetError } from './errors.ts'
import type { StoreWrite } from './store.ts'
import { createScriptedStore, storageFault } from './testing/scripted-store.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'

function setUp(maxBacklog = 100) {
  const clock = createVirtualClock()
  const script = createScriptedStore()
  const faults: (string | undefined)[] = []
  const committed: number[] = []
  const committer = createCommitter({
    store: script.store,
    term: 1,
    clock,
    maxBacklog,
    onCommitted: (seq) => committed.push(seq),
    onFault: (fault: FreshetError | undefined) => faults.push(fault?.code),
  })
  return { clock, script, committer, faults, committed }
}

const write = (id: string, n: number): StoreWrite => ({ table: 't', id, value: { n } })
const checkpoint = (n: number): StoreWrite => ({ table: '$state', id: 'replica', value: { n } })

test('[T3] what is staged in one turn is one transaction, with the newest value of each record', async () => {
  const { script, committer } = setUp()
  committer.stage([write('a', 1), write('b', 1), checkpoint(1)])
  committer.stage([write('a', 2), checkpoint(2)])
  await committer.flushed()
  expect(script.commits).toEqual([{ writes: [write('a', 2), write('b', 1), checkpoint(2)], clear: [] }])
})

test('[T3] what is staged while a commit is under way goes with the next', async () => {
  const { clock, script, committer, committed } = setUp()
  const letGo = script.hold()
  committer.stage([write('a', 1), checkpoint(1)])
  await clock.settle()
  committer.stage([write('a', 2), checkpoint(2)])
  committer.stage([write('b', 2), checkpoint(3)])
  expect([script.asked, committer.backlog]).toEqual([1, 5])
  letGo()
  await committer.flushed()
  expect(script.commits.map(({ writes }) => writes.length)).toEqual([2, 3])
  expect(committed).toEqual([1, 2])
  expect(committer.backlog).toBe(0)
})

test('[T3] a cleared table forgets what was staged for it, and keeps what is staged after', async () => {
  const { script, committer } = setUp()
  committer.stage([write('a', 1), { table: 'u', id: 'x', value: {} }])
  committer.stage([write('b', 1)], ['t'])
  expect(committer.backlog).toBe(3)
  await committer.flushed()
  expect(script.commits).toEqual([
    { writes: [{ table: 'u', id: 'x', value: {} }, write('b', 1)], clear: ['t'] },
  ])
})

test('[T2] flushed waits for what was staged before it, and for nothing else', async () => {
  const { clock, script, committer } = setUp()
  committer.stage([write('a', 1)])
  let done = false
  const flushed = committer.flushed().then(() => (done = true))
  await flushed
  const letGo = script.hold()
  committer.stage([write('b', 1)])
  await clock.settle()
  expect(done).toBe(true)
  const second = committer.flushed()
  committer.stage([write('c', 1)])
  letGo()
  await second
  expect(script.commits.length).toBeGreaterThanOrEqual(2)
  await committer.flushed()
})

test('[T2] sources wait while memory leads by more than the bound, but not for a faulty store', async () => {
  const { clock, script, committer } = setUp(3)
  const letGo = script.hold()
  committer.stage([write('a', 1), write('b', 1)])
  await committer.ready()
  committer.stage([write('c', 1), write('d', 1)])
  let ready = false
  const waiting = committer.ready().then(() => (ready = true))
  await clock.settle()
  expect(ready).toBe(false)
  letGo()
  await waiting
  expect(committer.backlog).toBeLessThanOrEqual(3)

  script.failNext(storageFault(true), storageFault(true))
  committer.stage([write('a', 2), write('b', 2), write('c', 2), write('d', 2)])
  await committer.ready()
  expect(committer.backlog).toBe(4)
})

test('[T4] a store that fails for a while is tried again, says so, and loses nothing', async () => {
  const { clock, script, committer, faults } = setUp()
  script.failNext(storageFault(true), new Error('unknown'))
  committer.stage([write('a', 1), checkpoint(1)])
  await clock.settle()
  expect(faults).toEqual(['storage/locked'])
  committer.stage([write('b', 1), checkpoint(2)])
  await clock.advance(100)
  expect(faults).toEqual(['storage/locked', 'storage/unavailable'])
  await clock.advance(500)
  await committer.flushed()
  expect(faults.at(-1)).toBeUndefined()
  expect(script.commits.map(({ writes }) => writes)).toEqual([
    [write('a', 1), checkpoint(1)],
    [write('b', 1), checkpoint(2)],
  ])
})

test('[T4] a store that fails for good never gets a later checkpoint', async () => {
  const { clock, script, committer, faults } = setUp()
  script.failNext(storageFault(false))
  committer.stage([write('a', 1), checkpoint(1)])
  const refused = committer.flushed().catch((error: unknown) => error)
  await clock.settle()
  expect(await refused).toMatchObject({ code: 'storage/deposed' })
  committer.stage([write('b', 1), checkpoint(2)])
  await clock.advance(60_000)
  expect([script.commits, script.asked, faults]).toEqual([[], 1, ['storage/deposed']])
  await committer.ready()
  await expect(committer.flushed()).rejects.toMatchObject({ code: 'storage/deposed' })
  await expect(committer.close()).rejects.toMatchObject({ code: 'storage/deposed' })
})

test('[T4] closing over a failing store tries once more, says what is lost, and ends', async () => {
  const { clock, script, committer } = setUp()
  script.failNext(storageFault(true), storageFault(true))
  committer.stage([write('a', 1)])
  await clock.settle()
  await expect(committer.close()).rejects.toMatchObject({ code: 'storage/locked' })
  expect(script.asked).toBe(2)
  committer.stage([write('b', 1)])
  await clock.settle()
  expect(script.asked).toBe(2)
})

test('[T4] closing commits what is staged', async () => {
  const { script, committer } = setUp()
  committer.stage([write('a', 1)])
  await committer.close()
  expect(script.commits).toHaveLength(1)
})

test('[A1] behind a commit that took long, what comes is gathered for a while', async () => {
  const { clock, script, committer } = setUp()
  const letGo = script.hold()
  committer.stage([write('a', 1)])
  await clock.advance(10)
  letGo()
  await clock.settle()
  committer.stage([write('b', 1)])
  await clock.advance(39)
  committer.stage([write('c', 1)])
  expect(script.commits).toHaveLength(1)
  await clock.advance(1)
  expect(script.commits.map(({ writes }) => writes)).toEqual([
    [write('a', 1)],
    [write('b', 1), write('c', 1)],
  ])
  committer.stage([write('d', 1)])
  await clock.settle()
  expect(script.commits).toHaveLength(3)
})

test('[A1] nothing is gathered once it is much, once somebody waits for it, or at the end', async () => {
  for (const end of ['much', 'flushed', 'close'] as const) {
    const { clock, script, committer } = setUp(5)
    const letGo = script.hold()
    committer.stage([write('a', 1)])
    await clock.advance(10)
    letGo()
    await clock.settle()
    committer.stage([write('b', 1)])
    await clock.settle()
    expect([end, script.commits.length]).toEqual([end, 1])
    if (end === 'much') committer.stage(['c', 'd', 'e', 'f'].map((id) => write(id, 1)))
    else await committer[end]()
    await clock.settle()
    expect([end, script.commits.length, committer.backlog]).toEqual([end, 2, 0])
  }
})
