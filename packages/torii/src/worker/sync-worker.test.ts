import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import { SchemaMismatchError, SyncFatalError, type ReactiveError } from '../client/errors.ts'
import { createReactiveClient } from '../client/reactive-client.ts'
import { startDemoWorld, type DemoWorld } from '../testing/demo-world.ts'
import { createSyncWorker } from './create-sync-worker.ts'

let demo: DemoWorld
let folder: string
beforeAll(async () => {
  demo = await startDemoWorld({ players: 600 })
  folder = await mkdtemp(join(tmpdir(), 'freshet-worker-'))
})
afterAll(async () => {
  await demo.close()
  await rm(folder, { recursive: true, force: true })
})

const startThread = (): Worker =>
  new Worker(new URL('./sync.node.worker.ts', import.meta.url), {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  })

function open(database: string | undefined, more: Partial<ReactiveClientOptions> = {}) {
  return createReactiveClient({
    toriiUrl: demo.url,
    manifest: demo.manifest,
    worker: { start: startThread, database: database && join(folder, database) },
    ...more,
  })
}

test('[TO30] a thread synchronises and sends rows; moves lie over them here', async () => {
  let started = 0
  const client = await open('a.db', {
    worker: { start: () => (started++, startThread()), database: join(folder, 'a.db') },
    fetch: () => Promise.reject(new Error('This thread does not talk to the server.')),
  })
  expect(started).toBe(0)
  await client.ready
  expect(started).toBe(1)
  expect(client.query('ns-Position')).toMatchObject({ complete: true })
  expect(client.query('ns-Position').rows.length).toBe(600)
  expect(client.query('ns-Position', { filter: { keys: { player: '0x7' } } }).rows.length).toBe(1)

  const id = demo.place(1, 5, 5)
  const vecs: unknown[] = []
  const arrived = Promise.withResolvers<void>()
  client.subscribe('ns-Position', { include: ['vec'] }, (_, ids) => {
    vecs.push(client.get('ns-Position', id)?.['vec'])
    if (ids.length === 601) arrived.resolve()
  })
  const pending: number[] = []
  client.syncStatus.subscribe(({ overall }) => pending.push(overall.pendingOverlayCount))
  const move = client.mutate('ns-Position', { entityId: id, vec: { x: 8, y: 8 } })
  expect(pending.at(-1)).toBe(1)
  expect(vecs.at(-1)).toEqual({ x: 8, y: 8 })
  expect(client.getSyncStatus().overall.pendingOverlayCount).toBe(1)
  demo.place(1, 8, 8)
  expect(await move.settled).toBe('confirmed')
  demo.place(9_999, 1, 1)
  await arrived.promise
  expect(client.getSyncStatus()).toMatchObject({ overall: { state: 'streaming', lagMs: 0 } })
  await client.shutdown()
})

test('[TO30] after a restart the first rows are shown from the disk, then all of them, before the server answers', async () => {
  const indexes = { 'ns-Position': [['vec.x']] }
  const before = await open('b.db', { indexes })
  await before.ready
  await before.shutdown()
  // Nothing answers there.
  const client = await open('b.db', { indexes, toriiUrl: 'http://127.0.0.1:9' })
  const shown: (readonly unknown[])[] = []
  client.subscribe('ns-Position', { include: ['vec'] }, (rows) => shown.push(rows), {
    order: [{ field: 'vec.x', direction: 'desc' }],
    limit: 3,
  })
  await client.ready
  const vec = (x: number) => ({ vec: expect.objectContaining({ x }) })
  expect(shown).toEqual([[], [vec(600), vec(599), vec(598)]])
  expect(client.query('ns-Position').rows.length).toBe(601)
  expect(client.getSyncStatus().overall.state).toBe('bootstrapping')
  await client.shutdown()
})

test('[TO31] a worker that dies is told, what was shown stays, and resume starts it again', async () => {
  const threads: Worker[] = []
  const client = await open(undefined, {
    worker: {
      start() {
        const thread = startThread()
        threads.push(thread)
        return thread
      },
    },
  })
  await client.ready
  const told = new Promise((resolve) => client.errors.subscribe(resolve))
  await threads[0]?.terminate()
  const error = await told
  expect(error).toBeInstanceOf(SyncFatalError)
  expect(error).toMatchObject({ reason: { code: 'torii/worker-died' } })
  expect(client.getSyncStatus().overall.state).toBe('halted')
  const gone = demo.place(2, 2, 2)
  expect(client.get('ns-Position', gone)).toBeDefined()
  demo.server.world.delete('ns-Position', gone)
  const missed = new Promise<void>((resolve) => {
    client.entityUpdates.subscribe(() => client.get('ns-Position', gone) === undefined && resolve())
  })
  client.resume()
  await missed
  expect(threads.length).toBe(2)
  demo.place(2, 2, 2)
  await client.shutdown()
})

test('[TO31] reset in a worker drops everything here too, and reads it again', async () => {
  const client = await open('c.db')
  await client.ready
  const sizes: number[] = []
  client.subscribe('ns-Moves', null, (rows) => sizes.push(rows.length))
  await client.reset()
  await client.ready
  expect(client.query('ns-Moves')).toMatchObject({ complete: true })
  expect([sizes[0], sizes.includes(0), sizes.at(-1)]).toEqual([600, true, 600])
  await client.pause()
  await client.shutdown()
  await expect(client.reset()).rejects.toMatchObject({ code: 'torii/closed' })
})

test('[TO25, TO30] a world of another manifest is told, shown, and read again through a worker', async () => {
  const before = await open('m.db')
  await before.ready
  await before.shutdown()
  const models = demo.manifest.models.map((model) => ({ ...model, class_hash: '0x999' }))
  const client = await open('m.db', { manifest: { ...demo.manifest, models } })
  const { promise: told, resolve } = Promise.withResolvers<ReactiveError>()
  client.errors.subscribe(resolve)
  await client.ready
  expect(await told).toBeInstanceOf(SchemaMismatchError)
  expect(client.query('ns-Moves')).toMatchObject({ complete: true })
  expect(client.query('ns-Moves').rows.length).toBe(600)
  await client.reset()
  await client.ready
  expect(client.query('ns-Moves').rows.length).toBe(600)
  await client.shutdown()
})

test('[TO31] a worker that cannot open its store says why', async () => {
  const client = await open(join('no', 'such', 'folder.db'))
  await expect(client.ready).rejects.toMatchObject({ kind: 'storage' })
  expect(client.getSyncStatus().overall.state).toBe('halted')
  await client.shutdown()
})

test('[TO31] a worker alone keeps a durable copy that a client opens later', async () => {
  const worker = createSyncWorker({
    toriiUrl: demo.url,
    manifest: demo.manifest,
    worker: { start: startThread, database: join(folder, 'd.db') },
  })
  const states = new Set<string>()
  worker.syncStatus.subscribe(({ overall }) => states.add(overall.state))
  await worker.ready
  expect(states).toContain('streaming')
  await worker.shutdown()
  const client = await open('d.db', { toriiUrl: 'http://127.0.0.1:9' })
  await client.ready
  expect(client.query('ns-Position').rows.length).toBe(601)
  await client.shutdown()
})

test('[TO30, TO33] targets, prune and exact confirmation work through a worker, and what it leaves out is told', async () => {
  const client = await open('e.db', { models: ['ns-Position'], targets: [{ kind: 'transactions' }] })
  const told = new Promise((resolve) => client.errors.subscribe(resolve))
  await client.ready
  expect(client.query('ns-Moves').rows.length).toBe(0)
  const moves = new Promise<void>((resolve) => {
    client.subscribe('ns-Moves', null, (rows) => rows.length === 600 && resolve())
  })
  await client.addTarget({ kind: 'model', tag: 'ns-Moves' })
  await moves
  await client.removeTarget('ns-Moves')
  await client.prune()

  const entityId = demo.place(3, 3, 3)
  const move = client.mutate(
    'ns-Position',
    { entityId, vec: { x: 4, y: 4 } },
    {
      exact: true,
      async send() {
        demo.place(3, 4, 5)
        const [row] = demo.server.world.database.sql(
          'SELECT internal_event_id FROM [ns-Position] ORDER BY internal_event_id DESC LIMIT 1',
        )
        return { transaction_hash: String(row?.['internal_event_id']).split(':')[1] }
      },
    },
  )
  expect(await move.settled).toBe('confirmed')
  expect(client.get('ns-Position', entityId)).toMatchObject({ vec: { x: 4, y: 5 } })

  demo.server.setUnknown(['RetrieveTransactions', 'SubscribeTransactions'])
  demo.server.cut('reset')
  expect(await told).toMatchObject({ name: 'TargetQuarantinedError', table: 'transactions' })
  demo.server.setUnknown([])
  await client.shutdown()
})
