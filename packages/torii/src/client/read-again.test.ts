import { createBrowserTabs } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { crashingStore } from '@freshet/storage/testing'
import { expect, test } from 'vitest'
import type { Manifest } from '../schema/manifest.ts'
import { positionMembers } from '../testing/demo-models.ts'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createReactiveClient, type ReactiveClient } from './reactive-client.ts'

type Drift = {
  readonly error: string
  /** What has become of it while the client was away; the manifest that the client is then given. */
  happen(world: TestWorld): Manifest
  /** Whether synchronising waits for the host. */
  readonly halts: boolean
  /** The row of the first player once the world is read again. */
  readonly row: object
}

const first = { player: canonicalFelt(1), vec: { x: 7, y: 0 } }

const drifts: readonly Drift[] = [
  {
    error: 'SchemaMismatchError, of another manifest',
    happen({ manifest }) {
      return { ...manifest, models: manifest.models.map((model) => ({ ...model, class_hash: '0x999' })) }
    },
    ...{ halts: true, row: first },
  },
  {
    error: 'SchemaMismatchError, of a model that was upgraded on chain',
    happen({ server, manifest }) {
      const level = { name: 'level', key: false, type: { kind: 'primitive', scalar: 'u8' } } as const
      server.world.declare(position, [...positionMembers, level])
      server.world.set(position, { ...first, level: 3 })
      return manifest
    },
    ...{ halts: true, row: { ...first, level: 3 } },
  },
  {
    error: 'ToriiVersionChangedError',
    happen({ server, manifest }) {
      server.setVersion('1.9.0 (abc)')
      return manifest
    },
    ...{ halts: false, row: first },
  },
  {
    error: 'ToriiEpochChangedError',
    happen({ server, manifest }) {
      server.world.reindex()
      return manifest
    },
    ...{ halts: false, row: first },
  },
]

async function open(
  { clock, random, client, manifest, pass }: TestWorld,
  options: Partial<ReactiveClientOptions>,
): Promise<{ readonly client: ReactiveClient; readonly heard: string[] }> {
  const opened = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client, manifest },
    ...options,
  })
  const heard: string[] = []
  opened.errors.subscribe(({ name }) => heard.push(name))
  await pass(5_000)
  return { client: opened, heard }
}

test.each(drifts)(
  '[TO25, TO26] after $error, reset reads the world again, and nothing of the old copy is left',
  async ({ error, happen, halts, row }) => {
    const world = createTestWorld()
    const { server, pass } = world
    const [id, gone] = [world.place(1, 1), world.place(2, 2)]
    const disk = createMemoryDisk()
    const storageFactory: ReactiveClientOptions['storageFactory'] = (tables) =>
      openMemoryStore({ tables, disk })
    await (await open(world, { storageFactory })).client.shutdown()

    server.world.delete(position, gone)
    server.world.writeMember(position, id, 'vec', { x: 7, y: 0 })
    const manifest = happen(world)
    const { client, heard } = await open(world, { storageFactory, manifest })
    expect(heard).toEqual([error.split(',')[0]])
    expect(client.getSyncStatus().overall.state).toBe(halts ? 'halted' : 'streaming')
    // The last good copy, where the host has to decide.
    expect(client.query(position).ids.length).toBe(halts ? 2 : 1)

    const move = client.mutate(position, { entityId: id, vec: { x: 8, y: 8 } })
    server.setOutage(true)
    await client.reset()
    expect(client.query(position, { consistency: 'persisted-only' })).toMatchObject({
      ids: [],
      complete: false,
    })
    let isReady = false
    void client.ready.then(() => (isReady = true))
    await pass(1_000)
    expect(isReady).toBe(false)
    server.setOutage(false)
    await pass(10_000)
    expect(isReady).toBe(true)
    expect(client.getSyncStatus().overall.state).toBe('streaming')
    expect(client.query(position, { consistency: 'persisted-only' })).toMatchObject({
      rows: [row],
      complete: true,
    })
    // What is pending is over what was read again.
    expect(client.get(position, id)).toEqual({ ...row, vec: { x: 8, y: 8 } })
    move.rollback()
    expect(client.get(position, id)).toEqual(row)
    await client.shutdown()

    server.setOutage(true)
    const again = await open(world, { storageFactory, manifest })
    expect(again.client.query(position)).toMatchObject({ ids: [id], rows: [row], complete: true })
    expect([heard.length, again.heard]).toEqual([1, []])
    expect(again.client.getSyncStatus().overall.state).toBe('bootstrapping')
    await again.client.shutdown()
  },
)

test('[TO25, TO29] tabs of different manifests are told that they see rows of another one', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  const disk = createMemoryDisk()
  const storageFactory: ReactiveClientOptions['storageFactory'] = (tables) =>
    openMemoryStore({ tables, disk })
  const browser = createBrowserTabs()
  const old = await open(world, { storageFactory, tabs: browser.openTab() })
  const { manifest } = world
  const newer = { ...manifest, models: manifest.models.map((model) => ({ ...model, class_hash: '0x999' })) }
  const tab = await open(world, { storageFactory, tabs: browser.openTab(), manifest: newer })
  expect([old.heard, tab.heard]).toEqual([[], ['SchemaMismatchError']])
  // What the other holds is shown, and it cannot be read again from here.
  expect(tab.client.query(position).ids).toEqual([id])
  await expect(tab.client.reset()).rejects.toMatchObject({ code: 'torii/not-leading' })

  await old.client.shutdown()
  await world.pass(5_000)
  expect(tab.client.getSyncStatus().overall.state).toBe('halted')
  const late = await open(world, { storageFactory, tabs: browser.openTab() })
  // That the one that leads has stopped.
  expect(late.heard).toEqual(['SyncFatalError'])
  await tab.client.reset()
  await world.pass(5_000)
  expect(tab.client.getSyncStatus().overall.state).toBe('streaming')
  expect(late.heard).toEqual(['SyncFatalError', 'SchemaMismatchError'])
  expect(late.client.query(position).ids).toEqual([id])
  await late.client.shutdown()
  await tab.client.shutdown()
})

test.each(['before', 'after'] as const)(
  '[TO25] a process that dies %s it has dropped the old copy leaves that or none',
  async (when) => {
    const world = createTestWorld()
    const id = world.place(1, 1)
    const disk = createMemoryDisk()
    const openStore: NonNullable<ReactiveClientOptions['storageFactory']> = (tables) =>
      openMemoryStore({ tables, disk })
    await (await open(world, { storageFactory: openStore })).client.shutdown()
    const models = world.manifest.models.map((model) => ({ ...model, class_hash: '0x999' }))
    const manifest = { ...world.manifest, models }
    const dying = await open(world, {
      manifest,
      // Its first write takes the lead.
      storageFactory: async (tables) => crashingStore(await openStore(tables), { failAt: 2, when }),
    })
    expect(dying.client.getSyncStatus().overall.state).toBe('halted')
    void dying.client.reset().catch(() => undefined)
    await world.pass(1_000)
    await dying.client.pause()

    world.server.setOutage(true)
    const next = await open(world, { manifest, storageFactory: openStore })
    const isOld = when === 'before'
    expect(next.heard).toEqual(isOld ? ['SchemaMismatchError'] : [])
    expect(next.client.query(position).ids).toEqual(isOld ? [id] : [])
    world.server.setOutage(false)
    if (isOld) await next.client.reset()
    await world.pass(10_000)
    expect(next.client.query(position)).toMatchObject({ ids: [id], complete: true })
    await next.client.shutdown()
  },
)
