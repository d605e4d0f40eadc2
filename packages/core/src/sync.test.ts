import { expect, test } from 'vitest'
import { coverages } from './coverage-books.ts'
import { FreshetError } from './errors.ts'
import { createIntake } from './intake.ts'
import { createReplica } from './replica.ts'
import type { SourceCapabilities } from './source.ts'
import { createSync, type SyncOptions } from './sync.ts'
import type { RowFact } from './batch.ts'
import { patch, put, touched } from './testing/facts.ts'
import { createScriptedSource } from './testing/scripted-source.ts'
import { createSeededRandom } from './testing/seeded-random.ts'
import { toyProjection, type ToyLog } from './testing/toy-chain.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import { sourceSide } from './source-side.ts'

function setUp({
  capabilities = {},
  ...options
}: { capabilities?: Partial<SourceCapabilities> } & Partial<SyncOptions<RowFact>> = {}) {
  const clock = createVirtualClock()
  const remote = createScriptedSource(capabilities)
  const replica = createReplica({ name: 'r', tables: [{ name: toyTable }], coverages, clock })
  const rows = replica.collection(toyTable)
  const lines: string[] = []
  const sync = createSync({
    replica,
    source: remote.source,
    clock,
    random: createSeededRandom(1),
    pageRows: 2,
    log: { enabled: () => true, write: (level, _, message) => lines.push(`${level} ${message}`) },
    ...options,
  })
  const state = () => replica.status.get().state
  const facts = (...said: RowFact[]) => remote.push({ kind: 'facts', facts: said })
  const goLive = async () => {
    sync.start()
    await clock.settle()
    remote.push({ kind: 'live' })
    await clock.settle()
  }
  const asked = (): string[] => remote.asked.splice(0)
  return { clock, remote, replica, rows, sync, state, facts, goLive, asked, lines }
}

const never = (): Promise<void> => new Promise(() => {})
const unreachable = (): Promise<void> =>
  Promise.reject(
    new FreshetError({ code: 'testing/script', kind: 'remote', retryable: true, message: 'out of reach' }),
  )

test('[S2] pages are asked for once the stream stands, and what is pushed meanwhile is not lost', async () => {
  const { clock, remote, replica, rows, sync, facts, asked } = setUp()
  for (const id of ['a', 'b', 'c']) remote.rows.set(id, { n: 1 })
  sync.start()
  await clock.settle()
  expect(asked()).toEqual(['stream'])
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>()
  // The page is read before the gate, and arrives behind it.
  const { page } = remote.source
  remote.source.page = async (request, signal) => {
    const read = await page?.(request, signal)
    await gate
    return read ?? { facts: [] }
  }
  remote.push({ kind: 'live' })
  await clock.settle()
  // The page that is on its way was read before these.
  facts(put('a', { n: 2 }), patch('a2', { n: 9 }))
  await clock.settle()
  remote.rows.set('a', { n: 2 }).set('a2', { n: 9, m: 9 })
  openGate()
  await clock.settle()
  expect(asked()).toEqual(['page', 'page', 'get a2,a'])
  expect([rows.get('a'), rows.get('a2')]).toEqual([{ n: 2 }, { n: 9, m: 9 }])
  expect(rows.complete).toBe(true)
  expect(replica.status.get().state).toBe('live')
})

test('[S12] a log is whole once its stream is live, not before', async () => {
  const clock = createVirtualClock()
  const remote = createScriptedSource<ToyLog>({ kind: 'log' })
  const intake = createIntake({ projection: toyProjection })
  const replica = createReplica<ToyLog>({ name: 'r', tables: [{ name: toyTable }], coverages, intake, clock })
  const rows = replica.collection(toyTable)
  createSync<ToyLog>({ replica, source: remote.source, clock, random: createSeededRandom(1) }).start()
  await clock.settle()
  const facts: ToyLog[] = [{ account: 'a', op: 'add', amount: 1, need: undefined }]
  remote.push({ kind: 'log', batch: { kind: 'log', after: -1, upTo: 0, facts } })
  await clock.settle()
  expect([rows.size, rows.complete]).toEqual([1, false])
  remote.push({ kind: 'live' })
  await clock.settle()
  expect(rows.complete).toBe(true)
  // A lost connection takes back nothing of what was known; the status says that it is old.
  remote.end()
  await clock.settle()
  expect([rows.complete, replica.status.get().freshness.staleSinceUnixMs]).toEqual([true, clock.now()])
})

test('[S13] a first reading that was interrupted goes on there, and everything is read again after it', async () => {
  const { clock, remote, replica, rows, sync } = setUp({ capabilities: { keptCursors: true }, pageRows: 2 })
  for (const id of ['a', 'b', 'c', 'd', 'e']) remote.rows.set(id, { n: 1 })
  const cursors: unknown[] = []
  const { page } = remote.source
  remote.source.page = async (request, signal) => {
    cursors.push(request.cursor)
    if (cursors.length === 2) await unreachable()
    return page?.(request, signal) ?? { facts: [] }
  }
  sync.start()
  await clock.settle()
  remote.push({ kind: 'live' })
  await clock.settle()
  expect([[...rows.ids()], cursors, rows.complete]).toEqual([['a', 'b'], [undefined, 'b'], false])
  remote.rows.delete('a')
  await clock.advance(1_000)
  const seen: unknown[] = []
  rows.subscribe(() => seen.push([...rows.ids()].join('')))
  remote.push({ kind: 'live' })
  await clock.settle()
  // First what was missing; only then what was there before is proved, or gone.
  expect(cursors).toEqual([undefined, 'b', 'b', 'd', undefined, 'c'])
  expect(seen[0]).toBe('abcd')
  expect([[...rows.ids()].join(''), rows.complete]).toEqual(['bcde', true])
  expect(replica.status.get()).toMatchObject({ state: 'live', freshness: { staleSinceUnixMs: undefined } })
  expect(replica.coverages.get(toyTable, 'all')).not.toHaveProperty('next')
})

test('[S13] [S7] what went on from an earlier connection is read again once, also where its end waits', async () => {
  const clock = createVirtualClock()
  const remote = createScriptedSource({ keptCursors: true })
  for (const id of ['a', 'b', 'c']) remote.rows.set(id, { n: 1 })
  const intake = createIntake({ needsOf: ({ id }) => (id === 'c' ? ['it'] : []) })
  const replica = createReplica({ name: 'r', tables: [{ name: toyTable }], coverages, intake, clock })
  const options = { replica, source: remote.source, clock, random: createSeededRandom(1), pageRows: 2 }
  remote.beforeNext(async () => {}, unreachable)
  createSync(options).start()
  for (let attempt = 0; attempt < 2; attempt++) {
    await clock.settle()
    remote.push({ kind: 'live' })
    await clock.advance(1_000)
  }
  expect(remote.asked.filter((asked) => asked === 'page')).toHaveLength(5)
  expect([replica.status.get().pending, replica.collection(toyTable).complete]).toEqual([['it'], false])
})

test('[S13] a place that the source does not know any more is forgotten', async () => {
  const { clock, remote, rows, sync } = setUp({ capabilities: { keptCursors: true }, pageRows: 2 })
  for (const id of ['a', 'b', 'c']) remote.rows.set(id, { n: 1 })
  const cursors: unknown[] = []
  const { page } = remote.source
  remote.source.page = async (request, signal) => {
    cursors.push(request.cursor)
    if (request.cursor !== undefined && cursors.length < 4) await unreachable()
    return page?.(request, signal) ?? { facts: [] }
  }
  sync.start()
  for (let attempt = 0; attempt < 3; attempt++) {
    await clock.settle()
    remote.push({ kind: 'live' })
    await clock.advance(2_000)
  }
  expect(cursors).toEqual([undefined, 'b', 'b', undefined, 'b'])
  expect([[...rows.ids()], rows.complete]).toEqual([['a', 'b', 'c'], true])
})

test('[S4] the clean end of a stream is a gap: everything is read again, and what went meanwhile goes', async () => {
  const { clock, remote, rows, goLive, state, replica } = setUp()
  for (const id of ['a', 'b']) remote.rows.set(id, { n: 1 })
  await goLive()
  remote.rows.delete('b')
  remote.rows.set('c', { n: 1 })
  remote.end()
  await clock.settle()
  expect(state()).toBe('retrying')
  expect(rows.get('b')).toEqual({ n: 1 })
  expect(replica.status.get().freshness).toMatchObject({
    staleSinceUnixMs: clock.now(),
    lastError: { code: 'sync/lost' },
  })
  await clock.advance(250)
  remote.push({ kind: 'live' })
  await clock.settle()
  expect([...rows.ids()].toSorted()).toEqual(['a', 'c'])
  expect(replica.status.get().freshness).toMatchObject({
    staleSinceUnixMs: undefined,
    lastError: undefined,
    freshAtUnixMs: clock.now(),
  })
})

test('[S5] what may be missed is read again from time to time; what cannot be, is not', async () => {
  for (const [lossless, reconcileMs, expected] of [
    [false, 60_000, 2],
    [true, 60_000, 0],
    [false, Infinity, 0],
  ] as const) {
    const { clock, remote, rows, goLive, asked, sync } = setUp({ capabilities: { lossless }, reconcileMs })
    remote.rows.set('a', { n: 1 })
    await goLive()
    asked()
    remote.rows.set('a', { n: 2 })
    await clock.advance(125_000)
    expect(asked()).toEqual(Array.from({ length: expected }, () => 'page'))
    expect(rows.get('a')).toEqual({ n: expected > 0 ? 2 : 1 })
    await sync.stop()
  }
})

test('[S5] while nobody looks nothing is read again from time to time, and soon after someone does it is', async () => {
  let looks = false
  const { clock, remote, rows, goLive, asked, sync } = setUp({
    capabilities: { lossless: false },
    reconcileMs: 60_000,
    isLookedAt: () => looks,
  })
  await goLive()
  asked()
  remote.rows.set('a', { n: 2 })
  await clock.advance(600_000)
  expect(asked()).toEqual([])
  looks = true
  await clock.advance(1_000)
  expect(asked()).toEqual(['page'])
  expect(rows.get('a')).toEqual({ n: 2 })
  await sync.stop()
})

test('[S5] a reconcile that is asked for before there is a connection is made once there is one', async () => {
  const { clock, remote, sync, asked, goLive } = setUp({ capabilities: { resumable: true } })
  await goLive()
  remote.end()
  await clock.settle()
  sync.reconcile()
  await clock.advance(250)
  asked()
  remote.push({ kind: 'resumed' }, { kind: 'live' })
  await clock.settle()
  expect(asked()).toEqual(['page'])
})

test('[S10] a stream that goes on from the checkpoint spares reading everything', async () => {
  const { clock, remote, rows, goLive, asked } = setUp({ capabilities: { resumable: true } })
  await goLive()
  remote.push({ kind: 'facts', facts: [put('a', { n: 1 })], checkpoint: 'c1' })
  await clock.settle()
  remote.end()
  await clock.advance(250)
  expect(remote.resumes).toMatchObject([null, { checkpoint: 'c1' }])
  asked()
  remote.push({ kind: 'resumed' }, { kind: 'live' })
  await clock.settle()
  expect(asked()).toEqual([])
  expect(rows.meta('a')?.verifiedEpoch).toBe(2)
})

test('[S10] while a reading of everything is due, a stream that goes on is not enough', async () => {
  const { clock, remote, rows, goLive, asked, state } = setUp({ capabilities: { resumable: true } })
  await goLive()
  remote.rows.set('silent', { n: 1 })
  // The reading that this asks for fails, after a later checkpoint was taken.
  remote.beforeNext(unreachable)
  remote.push({ kind: 'invalidated' }, { kind: 'facts', facts: [], checkpoint: 'c2' })
  await clock.settle()
  expect(state()).toBe('retrying')
  await clock.advance(250)
  expect(remote.resumes).toEqual([null, null])
  asked()
  // Whatever the source says.
  remote.push({ kind: 'resumed' }, { kind: 'live' })
  await clock.settle()
  expect(asked()).toEqual(['page'])
  expect(rows.get('silent')).toEqual({ n: 1 })
})

test('[S4] a walk that a new epoch of the host crossed is made again', async () => {
  const { clock, remote, replica, rows, sync, asked } = setUp()
  for (const id of ['a', 'b', 'c']) remote.rows.set(id, { n: 1 })
  sync.start()
  await clock.settle()
  remote.beforeNext(
    async () => {},
    async () => void sourceSide(replica).beginEpoch(),
  )
  remote.push({ kind: 'live' })
  await clock.settle()
  expect(asked()).toEqual(['stream', 'page', 'page', 'page', 'page'])
  expect([...rows.ids()]).toEqual(['a', 'b', 'c'])
  expect(rows.complete).toBe(true)
})

test('[S9] a request that never ends is given up, and the connection made anew', async () => {
  const { clock, remote, rows, goLive, state } = setUp({ stallMs: 5_000 })
  remote.rows.set('a', { n: 1 })
  remote.beforeNext(never)
  await goLive()
  expect(state()).toBe('bootstrapping')
  await clock.advance(5_000)
  expect(state()).toBe('retrying')
  await clock.advance(250)
  remote.push({ kind: 'live' })
  await clock.settle()
  expect([state(), rows.get('a')]).toEqual(['live', { n: 1 }])
})

test('[S9] a silent live stream is not given up', async () => {
  const { clock, goLive, state, asked } = setUp({ stallMs: 5_000 })
  await goLive()
  asked()
  await clock.advance(100_000)
  expect([state(), asked()]).toEqual(['live', []])
})

test('[S9] stopping waits for no source that does not hear', async () => {
  const { clock, replica } = setUp()
  const deaf: AsyncIterable<never> = {
    [Symbol.asyncIterator]: () => ({ next: never as () => Promise<never> }),
  }
  const sync = createSync({
    replica,
    source: {
      capabilities: { kind: 'state', lossless: true, resumable: false },
      page: never as () => Promise<never>,
      stream: () => deaf,
    },
    clock,
  })
  sync.start()
  await clock.settle()
  await sync.stop()
  expect(replica.status.get().state).toBe('idle')
})

test('[S9] one attempt follows another with growing waits; progress starts over', async () => {
  const { clock, remote, replica, sync } = setUp({ backoff: { baseMs: 100, capMs: 400, jitter: 0 } })
  const waits: number[] = []
  replica.status.subscribe(({ state, freshness }) => {
    if (state === 'retrying') waits.push((freshness.nextAttemptAtUnixMs ?? 0) - clock.now())
  })
  sync.start()
  for (let attempt = 0; attempt < 5; attempt++) {
    await clock.settle()
    remote.end()
    await clock.advance(400)
  }
  remote.push({ kind: 'live' })
  await clock.settle()
  remote.end()
  await clock.settle()
  expect(waits).toEqual([100, 200, 400, 400, 400, 100])
})

test('[A2] a row that was read in vain three times waits its time, whatever else is asked meanwhile', async () => {
  const { clock, remote, replica, rows, facts, goLive, asked } = setUp({ quietMs: 1_000 })
  remote.rows.set('a', { n: 1 })
  await goLive()
  asked()
  const crossed = async (): Promise<void> => {
    replica.apply({ kind: 'state', startedAt: 'live', facts: [touched('a')] })
  }
  remote.beforeNext(crossed, crossed, crossed)
  facts(touched('a'))
  await clock.settle()
  await clock.settle()
  expect(asked()).toEqual(['get a', 'get a', 'get a'])
  await clock.advance(500)
  facts(put('b', { n: 1 }), touched('b'))
  await clock.settle()
  expect(asked()).toEqual(['get b'])
  remote.rows.set('a', { n: 7 })
  await clock.advance(500)
  expect(asked()).toEqual(['get a'])
  expect([rows.get('a'), replica.refetches.idle]).toEqual([{ n: 7 }, true])
})

test('[A2] where rows cannot be read one by one, everything is read again', async () => {
  const { clock, remote, replica, rows, facts, asked } = setUp()
  const { get: _, ...source } = remote.source
  const sync = createSync({ replica, source, clock, pageRows: 2 })
  sync.start()
  await clock.settle()
  remote.push({ kind: 'live' })
  await clock.settle()
  asked()
  facts(patch('new', { n: 1 }))
  remote.rows.set('new', { n: 1, m: 1 })
  await clock.settle()
  expect(asked()).toEqual(['page'])
  expect(rows.get('new')).toEqual({ n: 1, m: 1 })
  await sync.stop()
})

test('[A2] a read that fails keeps the wish', async () => {
  const { clock, remote, rows, facts, goLive } = setUp()
  await goLive()
  remote.beforeNext(unreachable)
  facts(patch('a', { n: 1 }))
  await clock.settle()
  remote.rows.set('a', { n: 1 })
  await clock.advance(250)
  remote.push({ kind: 'live' })
  await clock.settle()
  expect(rows.get('a')).toEqual({ n: 1 })
})

test('[S11] paging that goes in circles halts, naming the table', async () => {
  const { clock, remote, replica } = setUp()
  let page = 0
  const source = {
    ...remote.source,
    page: async () => ({ facts: [put(`row${page++}`, {})], next: ['x', 'y'][page % 2] }),
  }
  const sync = createSync({ replica, source, clock })
  sync.start()
  await clock.settle()
  remote.push({ kind: 'live' })
  await clock.settle()
  expect(replica.status.get()).toMatchObject({
    state: 'halted',
    freshness: { lastError: { code: 'sync/endless-pages' } },
  })
})

test('[S11] a reply that says nothing of a row it was asked for halts', async () => {
  const { clock, remote, replica, facts } = setUp()
  const sync = createSync({ replica, source: { ...remote.source, get: async () => [] }, clock })
  sync.start()
  await clock.settle()
  remote.push({ kind: 'live' })
  await clock.settle()
  facts(patch('a', {}))
  await clock.settle()
  expect(replica.status.get()).toMatchObject({
    state: 'halted',
    freshness: { lastError: { code: 'sync/unanswered-rows' } },
  })
})

test('[X2] a fault that waiting does not mend halts, stays visible, and start goes on from there', async () => {
  const { clock, remote, replica, goLive, state, sync, lines } = setUp()
  await goLive()
  remote.end(new FreshetError({ code: 'testing/denied', kind: 'remote', message: 'denied' }))
  await clock.advance(100_000)
  expect(replica.status.get()).toMatchObject({
    state: 'halted',
    freshness: { lastError: { code: 'testing/denied' }, staleSinceUnixMs: expect.any(Number) },
  })
  expect(lines).toEqual(['error denied'])
  sync.start()
  await clock.settle()
  remote.push({ kind: 'live' })
  await clock.settle()
  expect(state()).toBe('live')
  remote.end()
  await clock.settle()
  expect(lines.at(-1)).toBe('warn The stream ended.')
})

test('[P4] progress has a fraction that never passes 1, and none once live', async () => {
  const { clock, remote, replica, goLive } = setUp()
  const { page } = remote.source
  for (let row = 0; row < 5; row++) remote.rows.set(`row${row}`, {})
  remote.source.page = async (request, signal) => ({
    ...(await page?.(request, signal)),
    facts: (await page?.(request, signal))?.facts ?? [],
    total: 3,
  })
  const seen: unknown[] = []
  replica.status.subscribe(({ progress }) => seen.push(progress?.fraction))
  await goLive()
  expect(seen.filter((fraction) => fraction !== undefined)).toEqual([2 / 3, 1, 1])
  expect(replica.status.get().progress).toBeUndefined()
  remote.push({ kind: 'progress', done: 1, total: 4 })
  await clock.settle()
  expect(replica.status.get().progress).toEqual({ done: 1, total: 4, fraction: 0.25 })
})

test('[P2] of several calls to pause and stop the last decides, and a start in between wins', async () => {
  const { clock, remote, goLive, state, sync } = setUp()
  await goLive()
  await Promise.all([sync.pause(), sync.stop()])
  expect(state()).toBe('idle')
  await goLive()
  const paused = sync.pause()
  sync.start()
  await paused
  remote.push({ kind: 'live' })
  await clock.settle()
  expect(state()).toBe('live')
})

test('[S5] a source without a stream is read again and again', async () => {
  const { clock, remote, replica, rows } = setUp()
  const { stream: _, ...source } = remote.source
  const capabilities = { ...source.capabilities, lossless: false }
  const sync = createSync({ replica, source: { ...source, capabilities }, clock, reconcileMs: 1_000 })
  remote.rows.set('a', { n: 1 })
  sync.start()
  await clock.settle()
  expect([replica.status.get().state, rows.get('a')]).toEqual(['live', { n: 1 }])
  remote.rows.delete('a')
  await clock.advance(1_000)
  expect(rows.size).toBe(0)
  await sync.stop()
})

test('[S6] a source is told of a checkpoint once it is on the disk, and not before', async () => {
  const told: unknown[] = []
  const disk = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let flushes = 0
  const inMemory = createReplica({ name: 'r', tables: [{ name: toyTable }], coverages })
  // Its disk is as slow as the test says.
  const replica: typeof inMemory = Object.create(inMemory, {
    flushed: { value: () => disk[flushes++]?.promise },
  })
  const { clock, remote, sync } = setUp({ replica })
  remote.source.durable = (checkpoint) => void told.push(checkpoint)
  sync.start()
  await clock.settle()
  remote.push({ kind: 'live' })
  for (const checkpoint of ['c1', 'c2', 'c3'])
    remote.push({ kind: 'facts', facts: [put(checkpoint, { n: 1 })], checkpoint })
  await clock.settle()
  expect(told).toEqual([])
  disk[0]?.resolve()
  await clock.settle()
  expect(told).toEqual(['c1'])
  disk[1]?.resolve()
  await clock.settle()
  expect(told).toEqual(['c1', 'c3'])
  await sync.stop()
})
