import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { openWorldCore } from '../client/world-core.ts'
import { computeManifestHash } from '../schema/manifest.ts'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import type { FromSyncWorker, SyncInit, ToSyncWorker } from './messages.ts'
import { serveSync } from './serve-sync.ts'

/** A worker's side in this thread: what is posted to it, and what it posts. */
function serve({ clock, random, client, manifest }: TestWorld, load = Promise.resolve()) {
  const disk = createMemoryDisk()
  const posted: FromSyncWorker[] = []
  let tell: (message: ToSyncWorker) => void = () => {}
  let closed = false
  serveSync(
    {
      // As between two threads.
      post(message) {
        posted.push(structuredClone(message))
        if (message.kind === 'ROWS') tell({ kind: 'CREDIT' })
      },
      listen: (listener) => void (tell = listener),
      close: () => void (closed = true),
    },
    {
      ...{ clock, random, client },
      openStore: (_, tables) => openMemoryStore({ tables, disk }),
      turn: () => Promise.resolve(),
      loadCore: () => load.then(() => openWorldCore),
    },
  )
  const init: SyncInit = { toriiUrl: 'http://torii', manifest, database: 'd' }
  return {
    init,
    manifestHash: computeManifestHash(manifest),
    posted,
    tell: (message: ToSyncWorker) => tell(structuredClone(message)),
    isClosed: () => closed,
    kinds: () => posted.map(({ kind }) => kind),
  }
}

test('[TO31] a worker acknowledges INIT, ticks, sends rows, and says when it is ready', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  const { init, manifestHash, posted, tell, kinds, isClosed } = serve(world)
  tell({ kind: 'INIT', init, manifestHash, rows: true })
  await world.pass(1_000)
  expect(kinds()[0]).toBe('INIT_ACK')
  expect(kinds().indexOf('ROWS')).toBeGreaterThan(0)
  expect(kinds().indexOf('READY')).toBeGreaterThan(kinds().indexOf('ROWS'))
  expect(kinds().indexOf('SCHEMAS')).toBeGreaterThan(0)
  const states = posted.flatMap((message) =>
    message.kind === 'SYNC_TICK' ? [message.tick.overall.state] : [],
  )
  expect([...new Set(states)]).toEqual(['bootstrapping', 'streaming'])
  tell({ kind: 'SHUTDOWN' })
  await world.pass(100)
  expect(kinds().at(-1)).toBe('SHUTDOWN')
  expect(isClosed()).toBe(true)
  expect(world.server.openStreams).toBe(0)
})

test('[TO30] the first window of a query does not wait for what synchronises to be loaded', async () => {
  const world = createTestWorld()
  const { promise: load, resolve: loaded } = Promise.withResolvers<void>()
  const { init, manifestHash, posted, tell, kinds } = serve(world, load)
  tell({ kind: 'INIT', init, manifestHash, rows: true })
  tell({ kind: 'REQUEST', id: 1, request: { ask: 'first-window', model: position, query: { limit: 5 } } })
  await world.pass(100)
  expect(posted).toEqual([{ kind: 'REPLY', id: 1, reply: { kind: 'done', value: [] } }])
  loaded()
  await world.pass(100)
  expect(kinds()).toContain('READY')
  tell({ kind: 'SHUTDOWN' })
  await world.pass(100)
})

test('[TO31] without rows only the disk is kept', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  const { init, manifestHash, tell, kinds } = serve(world)
  tell({ kind: 'INIT', init, manifestHash, rows: false })
  await world.pass(1_000)
  expect(kinds()).not.toContain('ROWS')
  expect(kinds()).toContain('READY')
  tell({ kind: 'SHUTDOWN' })
  await world.pass(100)
})

test('[TO31] a lost connection is a SYNC_ERROR that says when it is tried again, what needs the host a SYNC_FATAL', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  const { init, manifestHash, posted, tell } = serve(world)
  tell({ kind: 'INIT', init: { ...init, models: [position] }, manifestHash, rows: true })
  await world.pass(1_000)
  world.server.cut('clean')
  await world.pass(100)
  const lost = posted.find(({ kind }) => kind === 'SYNC_ERROR')
  expect(lost).toMatchObject({ fault: { code: 'torii/stream-ended', retryable: true } })
  expect(lost).toMatchObject({ retryInMs: expect.closeTo(2_000, -3) })
  tell({ kind: 'SHUTDOWN' })
  await world.pass(100)

  const other = serve(world)
  other.tell({ kind: 'INIT', init: { ...init, models: ['ns-Nothing'] }, manifestHash, rows: true })
  await world.pass(1_000)
  const fatal = other.posted.find(({ kind }) => kind === 'SYNC_FATAL')
  expect(fatal).toMatchObject({ error: { name: 'SyncFatalError', reason: { code: 'torii/unknown-model' } } })
  expect(other.posted.find(({ kind }) => kind === 'READY')).toMatchObject({
    fault: { code: 'torii/unknown-model' },
  })
  other.tell({ kind: 'REQUEST', id: 1, request: { ask: 'resume' } })
  await world.pass(100)
  expect(other.posted.find(({ kind }) => kind === 'REPLY')).toMatchObject({ id: 1, reply: { kind: 'done' } })
  other.tell({ kind: 'SHUTDOWN' })
  await world.pass(100)
})

test('[TO31] a worker of another release, which understands the manifest otherwise, says so and touches nothing', async () => {
  const world = createTestWorld()
  const { init, posted, tell, kinds } = serve(world)
  tell({ kind: 'INIT', init, manifestHash: 'manifest-hash:v0:1', rows: true })
  await world.pass(1_000)
  expect(kinds()).toEqual(['SYNC_TICK', 'SYNC_FATAL'])
  expect(posted.at(-1)).toMatchObject({ error: { reason: { code: 'torii/worker-outdated' } } })
  expect(world.server.calls.size).toBe(0)
})
