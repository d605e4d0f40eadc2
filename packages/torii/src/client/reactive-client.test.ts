import { delay, FreshetError, type Row, type Store } from '@freshet/core'
import { createBrowserTabs } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { positionMembers } from '../testing/demo-models.ts'
import { createTestWorld, moves, position, type TestWorld } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import type { ReactiveError } from './errors.ts'
import type { Fetch } from '../wire/grpc-web.ts'
import { createToriiClient } from '../wire/torii-client.ts'
import { createReactiveClient, type ReactiveClient } from './reactive-client.ts'
import type { EntityUpdate } from './subscribe-rows.ts'

async function open(world: TestWorld, options: Partial<ReactiveClientOptions> = {}): Promise<ReactiveClient> {
  const { clock, random, client, manifest } = world
  return createReactiveClient({ toriiUrl: 'http://torii', clock, random, client, manifest, ...options })
}

/** Opens a client and lets it become live. */
async function openLive(
  world: TestWorld,
  options: Partial<ReactiveClientOptions> = {},
): Promise<ReactiveClient> {
  const client = await open(world, options)
  await world.pass(100)
  await client.ready
  return client
}

function heardErrors(client: ReactiveClient): ReactiveError[] {
  const heard: ReactiveError[] = []
  client.errors.subscribe((error) => heard.push(error))
  return heard
}

test('[TO20] the whole world is here, then each change as it happens', async () => {
  const world = createTestWorld()
  const ids = [1, 2, 3, 4, 5].map((player) => world.place(player, player))
  const client = await openLive(world, { pageSize: 2 })
  expect(client.query(position).complete).toBe(true)
  expect(new Set(client.query(position).ids)).toEqual(new Set(ids))
  expect(client.getSyncStatus().overall).toMatchObject({ state: 'streaming', lagMs: 0, head: 5 })
  const { server, pass } = world
  server.world.writeMember(position, ids[0] ?? '', 'vec', { x: 50, y: 60 })
  server.world.delete(position, ids[1] ?? '')
  await pass(0)
  expect(client.get(position, ids[0] ?? '')).toEqual({ player: canonicalFelt(1), vec: { x: 50, y: 60 } })
  expect(client.query(position).ids).not.toContain(ids[1])
  await client.shutdown()
  expect(server.openStreams).toBe(0)
})

test('[TO21] a query filters by member and key, orders, pages by cursor and selects', async () => {
  const world = createTestWorld()
  for (let player = 1; player <= 6; player++) world.place(player, player * 10)
  const client = await openLive(world)
  const near = client.query(position, { filter: { where: [{ member: 'vec.x', op: 'lt', value: 30 }] } })
  expect(near.rows.length).toBe(2)
  expect(client.query(position, { filter: { keys: { player: '0x3' } } }).rows).toEqual([
    { player: canonicalFelt(3), vec: { x: 30, y: 0 } },
  ])
  expect(client.query(position, { filter: { keys: { player: 'nobody' } } }).rows).toEqual([])
  const { rows } = client.query(position, { order: [{ field: 'vec.x', direction: 'desc' }], limit: 1 })
  expect(rows).toEqual([{ player: canonicalFelt(6), vec: { x: 60, y: 0 } }])
  const seen: string[] = []
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = client.query(position, { limit: 4, cursor })
    seen.push(...page.ids)
    cursor = page.next
  }
  expect(seen).toEqual(client.query(position).ids)
  const unknown = { member: 'x', op: 'like', value: 1 }
  // An operator of another system, as plain JavaScript may pass it.
  const bad = () => client.query(position, { filter: { where: [unknown as never] } })
  expect(bad).toThrow(expect.objectContaining({ code: 'torii/bad-filter' }))
  await client.shutdown()
})

test('[TO21] a subscription tells the selected members now and after each change, at its pace', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  const heard: (readonly Row[])[] = []
  const paced: (readonly Row[])[] = []
  const stop = client.subscribe(position, { include: ['vec.x'] }, (rows) => heard.push(rows))
  client.subscribe(position, { exclude: ['player', 'vec.y'] }, (rows) => paced.push(rows), {
    throttleMs: 1_000,
  })
  for (const x of [2, 3, 4]) {
    world.server.world.writeMember(position, id, 'vec', { x, y: 0 })
    await world.pass(0)
  }
  expect(heard.map(([row]) => row)).toEqual([1, 2, 3, 4].map((x) => ({ vec: { x } })))
  await world.pass(1_000)
  expect(paced.map(([row]) => row)).toEqual([{ vec: { x: 1 } }, { vec: { x: 4 } }])
  stop()
  world.server.world.writeMember(position, id, 'vec', { x: 5, y: 0 })
  await world.pass(0)
  expect(heard.length).toBe(4)
  await client.shutdown()
})

test('[TO22] a change shows at once, and falls when the world shows it', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  const handle = client.mutate(position, { entityId: id, vec: { x: 4, y: 2 } })
  expect(client.get(position, id)).toMatchObject({ vec: { x: 4, y: 2 } })
  expect(client.query(position, { consistency: 'persisted-only' }).rows).toMatchObject([
    { vec: { x: 1, y: 0 } },
  ])
  expect(client.getSyncStatus().overall.pendingOverlayCount).toBe(1)
  expect(client.getOverlayFor(id)).toMatchObject([{ transactionId: handle.transactionId }])
  world.server.world.writeMember(position, id, 'vec', { x: 4, y: 2 })
  await world.pass(0)
  expect(await handle.settled).toBe('confirmed')
  expect(client.getOverlayFor(id)).toEqual([])
  await client.shutdown()
})

test('[TO22] a change that does not come is undone at its timeout, and said so', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  const errors = heardErrors(client)
  const handle = client.mutate(position, { entityId: id, vec: { x: 4, y: 2 } }, { timeoutMs: 5_000 })
  // Another change of it, meanwhile, is not lost by undoing this one.
  world.server.world.writeMember(position, id, 'vec', { x: 7, y: 7 })
  await world.pass(5_000)
  expect(await handle.settled).toBe('timed-out')
  expect(client.get(position, id)).toMatchObject({ vec: { x: 7, y: 7 } })
  expect(errors).toMatchObject([
    { code: 'torii/overlay-timeout', entityId: id, transactionId: handle.transactionId },
  ])
  await client.shutdown()
})

test('[TO22] a change whose sending fails is undone at once', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  const send = () => Promise.reject(new Error('refused by the wallet'))
  const handle = client.mutate(position, { entityId: id, vec: { x: 4, y: 2 } }, { send })
  await expect(handle.sent).rejects.toThrow('refused by the wallet')
  expect(await handle.settled).toBe('rolled-back')
  expect(client.get(position, id)).toMatchObject({ vec: { x: 1 } })
  await client.shutdown()
})

test('[TO22] a guard that looks at what the host knows is asked though no row changes', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  let receipt = false
  const guard = (): boolean => {
    if (!receipt) throw new Error('There is no receipt yet.')
    return true
  }
  const handle = client.mutate(position, { entityId: id, vec: { x: 4, y: 2 } }, { guard })
  await world.pass(2_000)
  expect(client.get(position, id)).toMatchObject({ vec: { x: 4 } })
  receipt = true
  await world.pass(500)
  expect(await handle.settled).toBe('confirmed')
  expect(client.get(position, id)).toMatchObject({ vec: { x: 1 } })
  await client.shutdown()
})

test('[TO23] a second change replaces the first if its guard accepts what the entity becomes', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  const first = client.mutate(position, { entityId: id, vec: { x: 2, y: 0 } })
  const refused = () => client.mutate(position, { entityId: id, vec: { x: 3, y: 0 } }, { guard: () => false })
  expect(refused).toThrow(expect.objectContaining({ code: 'torii/overlay-conflict', kind: 'conflict' }))
  expect(client.get(position, id)).toMatchObject({ vec: { x: 2 } })
  const second = client.mutate(position, { entityId: id, vec: { x: 3, y: 0 } })
  expect(await first.settled).toBe('replaced')
  expect(client.get(position, id)).toMatchObject({ vec: { x: 3 } })
  expect(client.ackOverlay(second.transactionId)).toBe(true)
  expect(await second.settled).toBe('confirmed')
  expect(client.rollbackOverlay(second.transactionId)).toBe(false)
  await client.shutdown()
})

test('[TO23] a deletion and a new entity can be pending too', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const client = await openLive(world)
  const gone = client.submitOverlay({
    entityId: id,
    model: position,
    operation: 'delete',
    payload: {},
    transactionId: 'a',
  })
  expect(client.get(position, id)).toBeUndefined()
  const payload = { remaining: 5n, last_direction: 'Up', player: canonicalFelt(1) }
  const born = client.submitOverlay({ entityId: id, model: moves, payload, transactionId: 'b' })
  expect(client.get(moves, id)).toEqual(payload)
  world.server.world.delete(position, id)
  world.server.world.set(moves, payload)
  await world.pass(0)
  expect([await gone.settled, await born.settled]).toEqual(['confirmed', 'confirmed'])
  await client.shutdown()
})

/** A store that outlives the clients on it. */
function durable(): Pick<ReactiveClientOptions, 'storageFactory'> {
  const disk = createMemoryDisk()
  return { storageFactory: (tables) => openMemoryStore({ tables, disk }) }
}

test('[TO24] after a restart the world is here before the server answers, and the gap is closed without reading all', async () => {
  const world = createTestWorld()
  const { server, pass } = world
  const ids = Array.from({ length: 30 }, (_, player) => world.place(player + 1, player))
  await pass(5_000)
  world.place(100, 100)
  const disk = durable()
  const before = await openLive(world, { ...disk, pageSize: 5 })
  await before.shutdown()
  server.setOutage(true)
  await pass(60_000)
  server.world.writeMember(position, ids[3] ?? '', 'vec', { x: 99, y: 99 })
  server.world.delete(position, ids[4] ?? '')
  const late = world.place(77, 77)
  const client = await open(world, { ...disk, pageSize: 5 })
  await client.ready
  expect(client.query(position).ids.length).toBe(31)
  server.setOutage(false)
  const pagesBefore = server.calls.get('/world.World/RetrieveEntities') ?? 0
  await pass(10_000)
  expect(client.get(position, ids[3] ?? '')).toMatchObject({ vec: { x: 99 } })
  expect(client.get(position, ids[4] ?? '')).toBeUndefined()
  expect(client.get(position, late)).toMatchObject({ vec: { x: 77 } })
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  expect((server.calls.get('/world.World/RetrieveEntities') ?? 0) - pagesBefore).toBeLessThan(6)
  await client.shutdown()
})

test('[TO24] where the server does not tell its ids, everything is read again', async () => {
  const world = createTestWorld()
  const { server, pass } = world
  const ids = [1, 2, 3].map((player) => world.place(player, player))
  const client = await openLive(world, durable())
  server.setSql(false)
  server.cut('reset')
  server.world.delete(position, ids[0] ?? '')
  await pass(10_000)
  expect(client.query(position).ids.length).toBe(2)
  await client.shutdown()
})

test('[TO25] another manifest halts, leaves what is stored readable, and reset reads the world again', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  const disk = durable()
  await (await openLive(world, disk)).shutdown()
  const [first, ...rest] = world.manifest.models
  const manifest = {
    ...world.manifest,
    models: [{ ...(first ?? rest[0]), class_hash: '0x999' }, ...rest],
  } as typeof world.manifest
  const client = await open(world, { ...disk, manifest })
  const errors = heardErrors(client)
  await world.pass(5_000)
  expect(errors).toMatchObject([{ name: 'SchemaMismatchError', code: 'torii/schema-mismatch' }])
  expect(client.getSyncStatus().overall.state).toBe('halted')
  expect(client.query(position).ids.length).toBe(1)
  await client.reset()
  await world.pass(5_000)
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  expect(client.query(position).ids.length).toBe(1)
  await client.shutdown()
})

test('[TO25] a model upgraded on chain halts in the same way', async () => {
  const world = createTestWorld()
  const { server, pass } = world
  world.place(1, 1)
  const client = await openLive(world)
  const errors = heardErrors(client)
  server.world.declare(position, [
    ...positionMembers,
    { name: 'z', key: false, type: { kind: 'primitive', scalar: 'u8' } },
  ])
  server.cut('clean')
  await pass(5_000)
  expect(errors).toMatchObject([{ name: 'SchemaMismatchError' }])
  expect(client.query(position).ids.length).toBe(1)
  await client.reset()
  await pass(5_000)
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  await client.shutdown()
})

test('[TO26] a new release and an indexer that began anew are told, and synchronising goes on', async () => {
  const world = createTestWorld()
  const { server, pass } = world
  world.place(1, 1)
  const client = await openLive(world)
  const errors = heardErrors(client)
  server.setVersion('1.8.16 (another-build)')
  server.cut('reset')
  await pass(5_000)
  expect(errors).toEqual([])
  server.setVersion('1.9.0 (abc)')
  server.cut('reset')
  await pass(5_000)
  server.world.reindex()
  await pass(5_000)
  expect(errors).toMatchObject([
    { name: 'ToriiVersionChangedError', previous: '1.8.16 (another-build)', current: '1.9.0 (abc)' },
    { name: 'ToriiEpochChangedError' },
  ])
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  expect(client.query(position).ids.length).toBe(1)
  await client.shutdown()
})

test('[TO19] a stream that says nothing while the world moves on is found out', async () => {
  const world = createTestWorld()
  const { server, pass } = world
  const id = world.place(1, 1)
  const client = await openLive(world, { silenceMs: 10_000 })
  server.cut('silent')
  server.world.writeMember(position, id, 'vec', { x: 9, y: 9 })
  await pass(5_000)
  expect(client.get(position, id)).toMatchObject({ vec: { x: 1 } })
  await pass(15_000)
  expect(client.get(position, id)).toMatchObject({ vec: { x: 9 } })
  await client.shutdown()
})

test('[TO27] ticks tell states, failures and the next attempt in the words of the plan', async () => {
  const world = createTestWorld()
  const { server, pass } = world
  world.place(1, 1)
  const client = await open(world)
  const states: string[] = []
  client.syncStatus.subscribe(({ overall, models: [first] }) => {
    const next = `${overall.state}/${first?.status ?? ''}`
    if (states.at(-1) !== next) states.push(next)
  })
  await pass(100)
  server.setOutage(true)
  await pass(1_000)
  const [failing] = client.getSyncStatus().models
  expect(failing?.consecutiveFailures).toBe(1)
  expect(failing?.nextPollInMs).toBeGreaterThan(0)
  await pass(5_000)
  server.setOutage(false)
  await pass(20_000)
  await client.pause()
  expect(client.getSyncStatus().overall.state).toBe('pausing')
  client.resume()
  await pass(100)
  expect(states[0]).toBe('bootstrapping/bootstrapping')
  expect(states).toContain('bootstrapping/retrying')
  expect(states.at(-1)).toBe('streaming/streaming')
  await client.shutdown()
})

test('[TO27] progress has a fraction where the server counts', async () => {
  for (const counts of [true, false]) {
    const world = createTestWorld()
    for (let player = 1; player <= 8; player++) world.place(player, player)
    world.server.setSql(counts)
    const client = await open(world, { pageSize: 2, models: [position] })
    const fractions = new Set<number | undefined>()
    client.syncStatus.subscribe(({ overall }) => fractions.add(overall.progress))
    await world.pass(500)
    expect([...fractions].filter((fraction) => fraction !== undefined)).toEqual(
      counts ? [0.25, 0.5, 0.75, 1] : [],
    )
    await client.shutdown()
  }
})

test('[TO28] what cannot be mended by waiting halts with the reason, and ready says so', async () => {
  const world = createTestWorld()
  const client = await open(world, { models: ['ns-Missing'] })
  const errors = heardErrors(client)
  await world.pass(100)
  await expect(client.ready).rejects.toMatchObject({ code: 'torii/unknown-model' })
  expect(errors).toMatchObject([{ name: 'SyncFatalError', lastTick: { overall: { state: 'halted' } } }])
  expect(errors[0]).toBeInstanceOf(FreshetError)
  await client.shutdown()
})

test('[TO20] a page that is too large for the server is asked for in halves', async () => {
  const world = createTestWorld(1, { maxMessageBytes: 2_000 })
  for (let player = 1; player <= 40; player++) world.place(player, player)
  const client = await openLive(world, { pageSize: 1_000 })
  expect(client.query(position).ids.length).toBe(40)
  await client.shutdown()
})

test('[TO28] a server that was a Torii and answers with a page is waited for; one that never was is not', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  const page: Fetch = async () =>
    new Response('<html>Sign in</html>', { headers: { 'content-type': 'text/html' } })
  let fetch = page
  const client = createToriiClient({
    toriiUrl: 'http://torii',
    gzip: false,
    fetch: (url, init) => fetch(url, init),
  })
  const opened = await open(world, { client })
  await world.pass(1_000)
  expect(opened.getSyncStatus().overall.state).toBe('halted')
  await expect(opened.ready).rejects.toMatchObject({ code: 'torii/not-torii' })
  fetch = world.server.fetch
  opened.resume()
  await world.pass(1_000)
  expect(opened.getSyncStatus().overall.state).toBe('streaming')
  fetch = page
  world.server.cut('reset')
  await world.pass(5_000)
  expect(opened.query(position).ids.length).toBe(1)
  fetch = world.server.fetch
  await world.pass(20_000)
  expect(opened.getSyncStatus().overall.state).toBe('streaming')
  await opened.shutdown()
})

test('[TO29] of two tabs one synchronises, the other shows what it commits, and takes over when it dies', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const disk = durable()
  const browser = createBrowserTabs()
  const [tab, other] = [browser.openTab(), browser.openTab()]
  const first = await open(world, { ...disk, tabs: tab })
  const second = await open(world, { ...disk, tabs: other })
  await world.pass(500)
  expect(second.get(position, id)).toMatchObject({ vec: { x: 1 } })
  expect(second.getSyncStatus().overall.state).toBe('streaming')
  const heads: (number | undefined)[] = []
  second.syncStatus.subscribe(({ overall }) => heads.push(overall.head))
  world.place(2, 2)
  const headAtUnixMs = Math.floor(world.clock.now() / 1_000) * 1_000
  await world.pass(500)
  const { head } = world.server.world
  for (const tab of [first, second]) expect(tab.getSyncStatus().overall).toMatchObject({ head, headAtUnixMs })
  expect(heads.at(-1)).toBe(head)
  for (const asked of [second.reset(), second.addTarget({ kind: 'tokens' }), second.removeTarget(position)])
    await expect(asked).rejects.toMatchObject({ code: 'torii/not-leading' })
  expect(world.server.calls.get('/world.World/SubscribeEntities')).toBe(1)
  const pending = second.mutate(position, { entityId: id, vec: { x: 5, y: 5 } })
  world.server.world.writeMember(position, id, 'vec', { x: 5, y: 5 })
  await world.pass(500)
  expect(await pending.settled).toBe('confirmed')
  tab.crash()
  await world.pass(500)
  world.server.world.writeMember(position, id, 'vec', { x: 6, y: 6 })
  await world.pass(500)
  expect(world.server.calls.get('/world.World/SubscribeEntities')).toBe(2)
  expect(second.get(position, id)).toMatchObject({ vec: { x: 6 } })
  await second.shutdown()
  await first.pause()
})

test('[TO21] updates name the entities of each batch', async () => {
  const world = createTestWorld()
  const client = await openLive(world)
  const heard: EntityUpdate[] = []
  const stop = client.entityUpdates.subscribe((update) => heard.push(update))
  const id = world.place(1, 1)
  await world.pass(0)
  expect(heard).toEqual([{ model: position, ids: [id] }])
  stop()
  await client.shutdown()
})

type Game = {
  readonly ns: {
    readonly Position: { readonly player: string; readonly vec: { readonly x: number; readonly y: number } }
    readonly Moves: { readonly player: string; readonly remaining: bigint }
  }
}

test('[TO21] rows have the types that the caller gives the world', async () => {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  const { clock, random, client, manifest } = world
  const game = await createReactiveClient<Game>({ toriiUrl: 'http://torii', clock, random, client, manifest })
  await world.pass(100)
  const x: number | undefined = game.get('ns-Position', entityId)?.vec.x
  expect(x).toBe(1)
  const seen: (number | undefined)[] = []
  game.subscribe('ns-Position', { include: ['vec.x'] }, (rows) => seen.push(rows[0]?.vec?.x))
  game.mutate('ns-Position', { entityId, vec: { x: 4, y: 2 } }, { guard: (row) => row.vec.x === 4 })
  await world.pass(0)
  expect(seen).toEqual([1, 4])
  // @ts-expect-error There is no such model.
  expect(() => game.query('ns-Nothing')).toThrow(expect.objectContaining({ code: 'replica/unknown-table' }))
  await game.shutdown()
})

test('[TO38] prune forgets what is not synchronised any more, here and on the disk', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  world.server.world.set(moves, { player: canonicalFelt(1), remaining: 1n, last_direction: 'Up' })
  const disk = durable()
  const both = await openLive(world, disk)
  await both.shutdown()
  const one = await openLive(world, { ...disk, models: [position] })
  // It is on the disk, and still shown.
  expect(one.query(moves).rows.length).toBe(1)
  await one.prune()
  expect(one.query(moves).rows.length).toBe(0)
  expect(one.get(position, id)).toBeDefined()
  await one.shutdown()
  const again = await open(world, { ...disk, models: [position], fetch: () => new Promise(() => {}) })
  expect(again.query(moves).rows.length).toBe(0)
  expect(again.query(position).rows.length).toBe(1)
  await again.shutdown()
})

test('[TO38] a client that cannot keep up gives the connection up and reads what it missed', async () => {
  const world = createTestWorld()
  const id = world.place(1, 0)
  let slow = false
  const client = await openLive(world, {
    backPressure: { maxBacklog: 1, maxQueued: 10 },
    async storageFactory(tables) {
      const store = await openMemoryStore({ tables })
      const commit: Store['commit'] = async (writes, term) => {
        if (slow) await delay(world.clock, 1_000)
        return store.commit(writes, term)
      }
      return { ...store, commit }
    },
  })
  await world.pass(3_000)
  slow = true
  for (let x = 1; x <= 100; x++) {
    world.server.world.writeMember(position, id, 'vec', { x, y: 0 })
    await world.pass(10)
  }
  slow = false
  const lost = new Set<number | undefined>()
  client.syncStatus.subscribe(({ models }) => lost.add(models[0]?.consecutiveFailures))
  await world.pass(10_000)
  expect(lost).toContain(1)
  expect(client.get(position, id)).toMatchObject({ vec: { x: 100 } })
  await client.shutdown()
})

test('[TO38] names that are kept free say what to use instead', async () => {
  const client = await openLive(createTestWorld())
  for (const name of ['createTable', 'addIndex', 'dropIndex'] as const)
    expect(() => client.storage.schema[name]('ns-Position')).toThrow(
      expect.objectContaining({ code: 'torii/reserved', message: expect.stringContaining('indexes') }),
    )
  await client.shutdown()
})
