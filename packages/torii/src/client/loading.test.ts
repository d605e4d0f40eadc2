import type { Store, StoreTable } from '@freshet/core'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createReactiveClient, type ReactiveClient } from './reactive-client.ts'

const players = 30

/** A world on a disk, whose server is gone. */
async function leftWorld() {
  const world = createTestWorld()
  for (let player = 1; player <= players; player++) world.place(player, player)
  const disk = createMemoryDisk()
  const openStore = (tables: readonly StoreTable[]): Promise<Store> => openMemoryStore({ tables, disk })
  const before = await open(world, openStore)
  await world.pass(1_000)
  await before.shutdown()
  world.server.setOutage(true)
  return { world, openStore }
}

function open(
  { clock, random, client, manifest }: TestWorld,
  storageFactory: ReactiveClientOptions['storageFactory'],
  loading?: 'behind',
): Promise<ReactiveClient> {
  const indexes = { [position]: [['vec.x']] }
  return createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client, manifest, storageFactory, indexes, loading },
  })
}

test('[TO24] loaded behind, a client is there at once, and shows first rows from the store before the others', async () => {
  const { world, openStore } = await leftWorld()
  const client = await open(world, openStore, 'behind')
  expect(client.query(position)).toMatchObject({ ids: [], complete: false })
  const shown: (readonly unknown[])[] = []
  const order = [{ field: 'vec.x', direction: 'desc' }] as const
  const first = Promise.withResolvers<void>()
  client.subscribe(
    position,
    { include: ['vec'] },
    (rows) => {
      shown.push(rows.map(({ vec }) => vec))
      if (rows.length > 0) first.resolve()
    },
    { order, limit: 2 },
  )
  const sizes: number[] = []
  client.subscribe(position, null, (rows) => sizes.push(rows.length))
  // No time passes: nothing is loaded yet.
  await first.promise
  const newest = [expect.objectContaining({ x: players }), expect.objectContaining({ x: players - 1 })]
  expect(shown).toEqual([[], newest])
  expect([client.query(position).ids.length, sizes]).toEqual([0, [0]])
  await world.pass(100)
  await client.ready
  expect(client.query(position)).toMatchObject({ complete: true })
  expect(sizes).toEqual([0, players])
  expect(shown).toEqual([[], newest])
  await client.shutdown()
})

test('[TO24] loaded behind, what is asked of it before is done then', async () => {
  const { world, openStore } = await leftWorld()
  const client = await open(world, openStore, 'behind')
  const added = client.addTarget({ kind: 'tokens' })
  await world.pass(100)
  await added
  expect(client.query(position).ids.length).toBe(players)
  world.server.setOutage(false)
  await world.pass(10_000)
  const { overall, models } = client.getSyncStatus()
  expect([overall.state, models.map(({ model }) => model)]).toEqual([
    'streaming',
    expect.arrayContaining([position, 'tokens']),
  ])
  await client.shutdown()
})

test('[TO24] loaded behind, a client can be shut down before, and then does not speak to the server', async () => {
  const { world, openStore } = await leftWorld()
  const calls = (): number => [...world.server.calls.values()].reduce((sum, count) => sum + count, 0)
  world.server.setOutage(false)
  const before = calls()
  const client = await open(world, openStore, 'behind')
  await Promise.all([client.shutdown(), world.pass(100)])
  expect(calls()).toBe(before)
})

test('[TO28] a disk that cannot be loaded is refused, or halts what is loaded behind', async () => {
  const { world, openStore } = await leftWorld()
  let closed = 0
  const broken = async (tables: readonly StoreTable[]): Promise<Store> => {
    const store = await openStore(tables)
    return {
      ...store,
      scan() {
        throw new RangeError('The disk is broken.')
      },
      async close() {
        closed += 1
        await store.close()
      },
    }
  }
  await expect(open(world, broken)).rejects.toThrow('The disk is broken.')
  expect(closed).toBe(1)
  const client = await open(world, broken, 'behind')
  const errors: unknown[] = []
  client.errors.subscribe((error) => errors.push(error))
  await world.pass(100)
  await expect(client.ready).rejects.toThrow('The disk is broken.')
  expect(errors).toMatchObject([{ name: 'SyncFatalError', reason: { code: 'storage/unavailable' } }])
  expect(client.getSyncStatus().overall.state).toBe('halted')
  await client.shutdown()
  expect(closed).toBe(2)
})
