import {
  createIntake,
  createSync,
  followStore,
  FreshetError,
  openReplica,
  releaseRows,
  storeTables,
  wholeTable,
  sourceSide,
  type LogBatch,
  type OpenReplicaOptions,
  type Row,
  type RowFact,
  type Store,
  coverages,
} from '@freshet/core'
import {
  createScriptedSource,
  createVirtualClock,
  gone,
  put,
  touched,
  toyProjection,
  toyTable,
  type ToyLog,
} from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createMemoryDisk, type MemoryDisk } from '../memory/memory-disk.ts'
import { openMemoryStore } from '../memory/open-memory-store.ts'
import { crashingStore } from '../testing/crashing-store.ts'
import { failingStore } from '../testing/failing-store.ts'
import { setUp } from './testing/set-up-outbox.ts'
import { setValue } from './testing/toy-target.ts'

const specs = [{ name: toyTable }]
const tables = storeTables(specs)

async function open(
  disk: MemoryDisk,
  options: Partial<OpenReplicaOptions<RowFact>> & { maxTombstones?: number } = {},
) {
  const { maxTombstones, ...rest } = options
  const store = await openMemoryStore({ tables, disk, maxTombstones })
  const clock = createVirtualClock()
  const replica = await openReplica({ name: 'r', tables: specs, coverages, store, clock, ...rest })
  const rows = replica.collection(toyTable)
  const push = (...facts: RowFact[]) => replica.apply({ kind: 'state', startedAt: 'live', facts })
  const following = followStore(replica)
  return { store, clock, replica, following, rows, push, all: () => Object.fromEntries(rows.entries()) }
}

async function openLog(store: Store, ready: ReadonlySet<string>) {
  const clock = createVirtualClock()
  const replica = await openReplica<ToyLog>({
    name: 'r',
    tables: specs,
    store,
    clock,
    intake: createIntake({
      projection: toyProjection,
      isReady: (need) => ready.has(need),
      keepPositions: 10,
    }),
  })
  return { replica, clock, all: () => Object.fromEntries(replica.collection(toyTable).entries()) }
}

async function openOn(store: Store) {
  const clock = createVirtualClock()
  const replica = await openReplica({ name: 'r', tables: specs, coverages, store, clock })
  return { clock, replica, rows: replica.collection(toyTable) }
}

const toyLog = (account: string, need?: string): ToyLog => ({ account, op: 'add', amount: 1, need })

test('[T6] a restart stands where the run before stopped', async () => {
  const disk = createMemoryDisk()
  const first = await open(disk)
  first.replica.apply({
    kind: 'state',
    startedAt: 'live',
    facts: [put('a', { n: 1 }), put('b', { n: 1n })],
    covers: [
      { table: toyTable, key: wholeTable, complete: true, total: 2 },
      { table: toyTable, key: 'q', query: { limit: 1 }, ids: ['a'], complete: false },
    ],
    checkpoint: { token: 'c1' },
  })
  sourceSide(first.replica).markFresh()
  sourceSide(first.replica).invalidate(toyTable, 'q')
  await first.replica.close()

  const { replica, rows, all, clock } = await open(disk)
  expect(all()).toEqual({ a: { n: 1 }, b: { n: 1n } })
  expect([replica.checkpoint, rows.complete, rows.lookup('c')]).toEqual([
    { token: 'c1' },
    true,
    { kind: 'absent' },
  ])
  expect(replica.coverages.get(toyTable, 'q')).toMatchObject({ ids: ['a'], invalidated: true })
  expect(replica.status.get()).toMatchObject({
    state: 'idle',
    freshness: { freshAtUnixMs: clock.now(), staleSinceUnixMs: clock.now() },
  })
})

test('[T6] [S7] what waits survives a restart in its order, and can be rewound', async () => {
  const disk = createMemoryDisk()
  const ready = new Set<string>()
  const batch = (position: number, ...facts: ToyLog[]): LogBatch<ToyLog> => ({
    kind: 'log',
    after: position - 1,
    upTo: position,
    facts,
  })
  const first = await openLog(await openMemoryStore({ tables, disk }), ready)
  first.replica.apply(batch(0, toyLog('a', 'code:a')))
  first.replica.apply(batch(1, toyLog('b')))
  first.replica.apply(batch(2, toyLog('a')))
  await first.replica.close()

  const second = await openLog(await openMemoryStore({ tables, disk }), ready)
  expect([second.replica.position, second.replica.status.get().pending]).toEqual([2, ['code:a']])
  expect(second.all()).toEqual({ b: { value: 1, touches: 1 } })
  ready.add('code:a')
  expect(sourceSide(second.replica).retryDeferred()).toBe(2)
  await second.replica.close()

  const third = await openLog(await openMemoryStore({ tables, disk }), ready)
  expect(third.all()).toEqual({ a: { value: 2, touches: 2 }, b: { value: 1, touches: 1 } })
  third.replica.apply({ ...batch(1, toyLog('c')), rewindTo: 0 })
  expect(third.all()).toEqual({ a: { value: 1, touches: 1 }, c: { value: 1, touches: 1 } })
})

test('[S12] [T6] that a log was applied to its head is known after a restart', async () => {
  const disk = createMemoryDisk()
  const open = async () => openLog(await openMemoryStore({ tables, disk }), new Set())
  const first = await open()
  const batch: LogBatch<ToyLog> = { kind: 'log', after: -1, upTo: 0, facts: [toyLog('a')] }
  first.replica.apply(batch)
  sourceSide(first.replica).reachedHead()
  await first.replica.close()
  const second = await open()
  expect(second.replica.collection(toyTable).complete).toBe(true)
  second.replica.apply({ ...batch, after: 0, upTo: 1, facts: [toyLog('b', 'code:b')] })
  await second.replica.close()
  expect((await open()).replica.collection(toyTable).complete).toBe(false)
})

test('[T6] facts whose optional fields are undefined can wait on the disk', async () => {
  const disk = createMemoryDisk()
  const needsOf = () => ['it']
  const first = await open(disk, { intake: createIntake({ needsOf }) })
  expect(first.push({ ...put('a', { n: 1 }), version: undefined } as RowFact).kind).toBe('parked')
  await first.replica.close()
  const second = await open(disk, { intake: createIntake({ needsOf, isReady: () => true }) })
  expect(sourceSide(second.replica).retryDeferred()).toBe(1)
  expect(second.all()).toEqual({ a: { n: 1 } })
})

test('[A6] what a listener applies to the same row reaches the store behind the batch it answers', async () => {
  const disk = createMemoryDisk()
  const first = await open(disk)
  first.rows.subscribe(() => {
    if (first.rows.get('a')?.['n'] === 1) first.push(put('a', { n: 2 }))
  })
  first.push(put('a', { n: 1 }))
  await first.replica.close()
  expect((await open(disk)).all()).toEqual({ a: { n: 2 } })
})

test('[T7] a reset empties the replica on the disk and leaves the operations', async () => {
  const disk = createMemoryDisk()
  const first = await open(disk)
  await first.store.append('$operations', { operationId: 'o1' })
  first.replica.apply({ kind: 'state', startedAt: 'live', facts: [put('a', { n: 1 })], checkpoint: 'c' })
  await first.replica.flushed()
  sourceSide(first.replica).reset()
  first.push(put('b', { n: 1 }))
  await first.replica.close()
  const second = await open(disk)
  expect([second.all(), second.replica.checkpoint]).toEqual([{ b: { n: 1 } }, undefined])
  expect(await second.store.range('$operations', {})).toHaveLength(1)
})

test('[S10] a checkpoint is not gone on from after a crash in the middle of a reading of everything', async () => {
  const disk = createMemoryDisk()
  const capabilities = { resumable: true }
  const run = async (store: Store) => {
    const clock = createVirtualClock()
    const replica = await openReplica({ name: 'r', tables: specs, coverages, store, clock })
    const remote = createScriptedSource(capabilities)
    const sync = createSync({ replica, source: remote.source, clock, pageRows: 2 })
    sync.start()
    await clock.settle()
    return { clock, replica, remote, sync, rows: replica.collection(toyTable) }
  }
  const first = await run(await openMemoryStore({ tables, disk }))
  for (const id of ['a', 'b', 'c']) first.remote.rows.set(id, { n: 1 })
  // The second page never comes, a later checkpoint does.
  first.remote.beforeNext(
    async () => {},
    () => new Promise(() => {}),
  )
  first.remote.push({ kind: 'live' })
  await first.clock.settle()
  first.remote.push({ kind: 'facts', facts: [], checkpoint: 'c9' })
  await first.clock.settle()
  expect([first.replica.checkpoint, first.rows.size]).toEqual(['c9', 2])
  await first.replica.flushed()

  const second = await run(await openMemoryStore({ tables, disk }))
  for (const [id, row] of first.remote.rows) second.remote.rows.set(id, row)
  expect(second.remote.resumes).toEqual([null])
  second.remote.push({ kind: 'resumed' }, { kind: 'live' })
  await second.clock.settle()
  expect([...second.rows.ids()]).toEqual(['a', 'b', 'c'])
  second.remote.push({ kind: 'facts', facts: [], checkpoint: 'c10' })
  await second.clock.settle()
  await second.replica.flushed()

  const third = await run(await openMemoryStore({ tables, disk }))
  expect(third.remote.resumes).toMatchObject([{ checkpoint: 'c10' }])
  // A row that is still to be read again is in no checkpoint either.
  third.remote.push({ kind: 'resumed' }, { kind: 'live' })
  await third.clock.settle()
  third.remote.beforeNext(() => new Promise(() => {}))
  third.remote.push({ kind: 'facts', facts: [touched('a')], checkpoint: 'c11' })
  await third.clock.settle()
  await third.replica.flushed()
  const fourth = await run(await openMemoryStore({ tables, disk }))
  expect(fourth.remote.resumes).toEqual([null])
})

test('[S10] [S7] a walk whose last page waits is made again by the next run', async () => {
  const disk = createMemoryDisk()
  const ready = new Set<string>()
  const options: Partial<OpenReplicaOptions<RowFact>> = {
    intake: createIntake({
      needsOf: (fact) => (fact.id === 'late' ? ['it'] : []),
      isReady: (need) => ready.has(need),
    }),
  }
  const first = await open(disk, options)
  first.push(put('gone', { n: 1 }))
  sourceSide(first.replica).beginEpoch()
  const covers = [{ table: toyTable, key: wholeTable, complete: true }]
  first.replica.apply({ kind: 'state', startedAt: first.replica.seq, facts: [put('late', { n: 1 })], covers })
  sourceSide(first.replica).markFresh()
  first.replica.apply({ kind: 'state', startedAt: 'live', facts: [], checkpoint: 'c1' })
  expect(first.replica.continuous).toBe(true)
  await first.replica.flushed()
  const second = await open(disk, options)
  expect([second.replica.checkpoint, second.replica.continuous]).toEqual(['c1', false])
  // In its own run the walk is finished when the page can go.
  ready.add('it')
  sourceSide(first.replica).retryDeferred()
  expect(first.all()).toEqual({ late: { n: 1 } })
})

test('[S3] rows read on demand are not verified after a restart, even if the stream goes on', async () => {
  const disk = createMemoryDisk()
  const first = await open(disk)
  first.push(put('a', { n: 1 }))
  sourceSide(first.replica).markFresh()
  await first.replica.close()
  const second = await open(disk)
  expect(second.rows.meta('a')?.verifiedEpoch).not.toBe(second.replica.epoch)
})

test('[S13] [T5] killed at any commit of a first reading, a replica goes on behind its last committed page', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  /** Reads everything in pages of two; the cursors that were asked for. */
  const play = async (store: Store): Promise<unknown[]> => {
    const { clock, replica } = await openOn(store)
    const remote = createScriptedSource({ keptCursors: true })
    for (const id of ids) remote.rows.set(id, { n: 1 })
    const cursors: unknown[] = []
    const { page } = remote.source
    remote.source.page = async (request, signal) => {
      cursors.push(request.cursor)
      await replica.flushed().catch(() => {})
      return page?.(request, signal) ?? { facts: [] }
    }
    const sync = createSync({ replica, source: remote.source, clock, pageRows: 2 })
    sync.start()
    await clock.settle()
    remote.push({ kind: 'live' })
    for (let round = 0; round < 5; round++) await clock.settle()
    await sync.stop()
    await replica.close().catch(() => {})
    return cursors
  }
  const goesOn = new Set<string>()
  for (const when of ['before', 'after'] as const) {
    for (let failAt = 1; failAt <= 8; failAt++) {
      const disk = createMemoryDisk()
      const crashing = crashingStore(await openMemoryStore({ tables, disk }), { failAt, when })
      await play(crashing).catch(() => {})
      const left = await openOn(await openMemoryStore({ tables, disk }))
      const next = left.replica.coverages.get(toyTable, wholeTable)?.next
      // What lies behind the place is not on the disk yet, and what lies before it is.
      const known = [...left.rows.ids()]
      if (typeof next === 'string') expect(known).toEqual(ids.slice(0, ids.indexOf(next) + 1))
      const cursors = await play(await openMemoryStore({ tables, disk }))
      const whole = left.rows.complete
      expect(cursors[0], `${when} write ${failAt}`).toBe(whole ? undefined : next)
      if (typeof next === 'string') goesOn.add(next)
      const end = await openOn(await openMemoryStore({ tables, disk }))
      expect([[...end.rows.ids()], end.rows.complete], `${when} write ${failAt}`).toEqual([ids, true])
    }
  }
  expect(goesOn).toEqual(new Set(['b', 'd', 'f']))
})

test('[T5] killed at any commit, a log replica starts again with rows and position of one moment', async () => {
  const facts = (position: number): ToyLog[] => [
    {
      account: `a${position % 3}`,
      op: position % 2 === 0 ? 'add' : 'double',
      amount: position + 1,
      need: position === 2 ? 'it' : undefined,
    },
  ]
  const batch = (position: number): LogBatch<ToyLog> => ({
    kind: 'log',
    after: position - 1,
    upTo: position,
    facts: facts(position),
  })
  const last = 7
  const play = async (store: Store): Promise<Record<string, Row>> => {
    const ready = new Set<string>()
    const run = await openLog(store, ready)
    for (let position = run.replica.position + 1; position <= last; position++) {
      run.replica.apply(batch(position))
      if (position === 5) {
        ready.add('it')
        sourceSide(run.replica).retryDeferred()
      }
      await run.clock.settle()
    }
    ready.add('it')
    sourceSide(run.replica).retryDeferred()
    await run.replica.flushed()
    return run.all()
  }
  const whole = await play(await openMemoryStore({ tables }))
  for (const when of ['before', 'after'] as const) {
    for (let failAt = 1; failAt <= 11; failAt++) {
      const disk = createMemoryDisk()
      const crashing = crashingStore(await openMemoryStore({ tables, disk }), { failAt, when })
      await play(crashing).catch(() => {})
      const store = await openMemoryStore({ tables, disk })
      expect(await play(store), `${when} write ${failAt}`).toEqual(whole)
    }
  }
})

test('[T9] a follower shows what its leader commits, and says what it knows', async () => {
  const disk = createMemoryDisk()
  const leader = await open(disk)
  const follower = await open(disk, { role: 'follower' })
  expect(follower.replica.status.get().role).toBe('follower')
  leader.replica.apply({
    kind: 'state',
    startedAt: 'live',
    facts: [put('a', { n: 1 }), put('b', { n: 1 })],
    covers: [{ table: toyTable, key: wholeTable, complete: true }],
    checkpoint: 'c1',
  })
  leader.push(gone('b'))
  await leader.replica.flushed()
  await Promise.all([follower.following.pull(), follower.following.pull()])
  expect([follower.all(), follower.rows.complete, follower.replica.checkpoint]).toEqual([
    { a: { n: 1 } },
    true,
    'c1',
  ])
  const held = follower.rows.get('a')
  leader.push(put('c', { n: 1 }))
  await leader.replica.flushed()
  await follower.following.pull()
  expect(follower.rows.get('a')).toBe(held)
  expect(follower.rows.get('c')).toEqual({ n: 1 })
})

test('[T9] a follower that was away too long reads everything again and drops what is gone', async () => {
  const disk = createMemoryDisk()
  const leader = await open(disk, { maxTombstones: 1 })
  for (const id of ['a', 'b', 'c', 'd']) leader.push(put(id, { n: 1 }))
  await leader.replica.flushed()
  const follower = await open(disk, { role: 'follower', maxTombstones: 1 })
  for (const id of ['a', 'b', 'c']) {
    leader.push(gone(id))
    await leader.replica.flushed()
  }
  leader.push(put('e', { n: 1 }))
  await leader.replica.flushed()
  await follower.following.pull()
  expect(follower.all()).toEqual({ d: { n: 1 }, e: { n: 1 } })
  sourceSide(leader.replica).reset()
  leader.push(put('f', { n: 1 }))
  await leader.replica.flushed()
  await follower.following.pull()
  expect(follower.all()).toEqual({ f: { n: 1 } })
})

test('[T9] a follower that is made the leader ends the one before it, and goes on from its checkpoint', async () => {
  const disk = createMemoryDisk()
  const old = await open(disk)
  const next = await open(disk, { role: 'follower' })
  old.replica.apply({ kind: 'state', startedAt: 'live', facts: [put('a', { n: 1 })], checkpoint: 'c1' })
  await old.replica.flushed()
  await next.following.promote()
  expect([next.replica.status.get().role, next.all(), next.replica.checkpoint]).toEqual([
    'leader',
    { a: { n: 1 } },
    'c1',
  ])
  old.push(put('b', { n: 1 }))
  await expect(old.replica.flushed()).rejects.toMatchObject({ code: 'storage/deposed' })
  expect(old.replica.status.get().degraded).toMatchObject({ code: 'storage/deposed' })
  next.push(put('c', { n: 1 }))
  await next.replica.flushed()
  expect((await open(disk)).all()).toEqual({ a: { n: 1 }, c: { n: 1 } })
})

test('[T9] [S10] a new leader does not go on from a checkpoint where it cannot know what was verified', async () => {
  for (const complete of [true, false]) {
    const disk = createMemoryDisk()
    const old = await open(disk)
    const next = await open(disk, { role: 'follower' })
    const covers = [{ table: toyTable, key: wholeTable, complete }]
    old.replica.apply({
      kind: 'state',
      startedAt: 'live',
      facts: [put('a', { n: 1 })],
      covers,
      checkpoint: 'c1',
    })
    sourceSide(old.replica).markFresh()
    await old.replica.flushed()
    await next.following.promote()
    expect(next.replica.continuous).toBe(complete)
  }
})

test('[R9] [A6] rows that are let go and asked for again by a listener are on the disk', async () => {
  const disk = createMemoryDisk()
  const first = await open(disk)
  first.push(put('a', { n: 1 }), put('b', { n: 1 }))
  first.rows.subscribe(() => {
    if (first.rows.get('a') === undefined) first.push(put('a', { n: 2 }))
  })
  expect(releaseRows(first.replica, toyTable, [], ['a', 'b'])).toBe(2)
  await first.replica.close()
  expect((await open(disk)).all()).toEqual({ a: { n: 2 } })
})

test('[T4] [P3] a store that fails leaves memory serving and shows as degraded', async () => {
  const store = crashingStore(await openMemoryStore({ tables }), { failAt: 2 })
  const clock = createVirtualClock()
  const replica = await openReplica({ name: 'r', tables: specs, coverages, store, clock })
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('a', { n: 1 })] })
  await clock.settle()
  expect(replica.status.get().degraded).toMatchObject({ kind: 'storage' })
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('a', { n: 2 })] })
  await replica.ready()
  expect(replica.collection(toyTable).get('a')).toEqual({ n: 2 })
})

const full = new FreshetError({
  code: 'storage/full',
  kind: 'storage',
  message: 'The disk is full.',
  retryable: true,
})

test('[T4] [P3] an operation that the store refuses shows as degraded, until the store takes one, or a commit', async () => {
  let failure: FreshetError | undefined
  const {
    outbox,
    replica,
    replica: { status },
  } = await setUp({
    wrap: (store) => failingStore(store, () => failure),
  })
  const seen: (string | undefined)[] = []
  status.subscribe(({ degraded }) => seen.push(degraded?.code))
  for (const [at, mend] of [
    () => {
      replica.apply({ kind: 'state', startedAt: 'live', facts: [put('b', { value: 1 })] })
      return replica.flushed()
    },
    () => outbox.submit(setValue('o', 'a', 1)).accepted,
  ].entries()) {
    failure = full
    await expect(outbox.submit(setValue(`refused ${at}`, 'a', 1)).accepted).rejects.toBe(full)
    expect(status.get().degraded).toBe(full)
    failure = undefined
    await mend()
    expect(status.get().degraded).toBe(undefined)
  }
  expect(seen).toEqual(['storage/full', undefined, 'storage/full', undefined])
})

test('[T4] an operation that is noted does not hide that rows are not on the disk', async () => {
  const { outbox, replica, clock } = await setUp({
    wrap: (store) => ({
      ...store,
      commit: (commit, term) => (term === undefined ? store.commit(commit, term) : Promise.reject(full)),
    }),
  })
  replica.apply({ kind: 'state', startedAt: 'live', facts: [put('b', { value: 1 })] })
  await clock.settle()
  await outbox.submit(setValue('o', 'a', 1)).accepted
  expect(replica.status.get().degraded).toBe(full)
})
