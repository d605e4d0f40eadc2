import type { Row } from '@freshet/core'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { createTestWorld, moves, position, type TestWorld } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import type { ReactiveToriiClient } from '../wire/torii-client.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createReactiveClient, type ReactiveClient } from './reactive-client.ts'
import type { OverlayTrace } from './trace-overlays.ts'

const player = canonicalFelt(1)
const held = { player, remaining: 5n, last_direction: 'Up' }

function open(
  { clock, random, client, manifest }: TestWorld,
  options: Partial<ReactiveClientOptions> = {},
): Promise<ReactiveClient> {
  return createReactiveClient({ toriiUrl: 'http://torii', clock, random, client, manifest, ...options })
}

/** A disk that a client has filled with the world. */
async function keptOnDisk(world: TestWorld): Promise<ReactiveClientOptions['storageFactory']> {
  const disk = createMemoryDisk()
  const storageFactory: ReactiveClientOptions['storageFactory'] = (tables) =>
    openMemoryStore({ tables, disk })
  const before = await open(world, { storageFactory })
  await world.pass(1_000)
  await before.shutdown()
  return storageFactory
}

/** A player on a disk of a client that is loaded behind, of whom nothing has come yet. */
async function openBehind(transportOf = (transport: ReactiveToriiClient): ReactiveToriiClient => transport) {
  const world = createTestWorld()
  const entityId = world.server.world.set(moves, held)
  const storageFactory = await keptOnDisk(world)
  const client = await open(world, {
    storageFactory,
    loading: 'behind',
    client: transportOf(world.client),
  })
  expect(client.get(moves, entityId)).toBeUndefined()
  return { world, client, entityId }
}

test('[TO22] a change of an entity that has not come shows at once, lies over it once it is here, and is undone to it', async () => {
  const { world, client, entityId } = await openBehind()
  const shown: (Row | undefined)[] = []
  const traces: OverlayTrace['kind'][] = []
  client.unstable_trace(({ kind }) => traces.push(kind))
  client.entityUpdates.subscribe(() => shown.push(client.get(moves, entityId)))
  const judged: Row[] = []
  const guard = (row: Row): boolean => {
    judged.push(row)
    return row['remaining'] === 4n
  }
  const move = client.mutate(moves, { entityId, remaining: 4n }, { guard })
  expect(shown).toEqual([{ remaining: 4n }])
  await world.pass(1_000)
  expect(client.get(moves, entityId)).toEqual({ ...held, remaining: 4n })
  expect(client.query(moves, { consistency: 'persisted-only' }).rows).toEqual([held])
  world.server.world.writeMember(moves, entityId, 'last_direction', 'Left')
  await world.pass(100)
  expect(client.get(moves, entityId)).toEqual({ ...held, remaining: 4n, last_direction: 'Left' })
  move.rollback()
  expect(client.get(moves, entityId)).toEqual({ ...held, last_direction: 'Left' })
  expect(shown.every((row) => row?.['remaining'] === 4n || row === shown.at(-1))).toBe(true)
  // It was asked of rows of the world alone, and the world has overtaken nothing.
  expect(new Set(judged.map((row) => row['remaining']))).toEqual(new Set([5n]))
  await world.pass(0)
  expect(traces).toEqual(['submitted', 'settled'])
  await client.shutdown()
})

test('[TO22] a change of an entity that has not come falls when the world shows it', async () => {
  const { world, client, entityId } = await openBehind()
  const move = client.mutate(moves, { entityId, remaining: 4n })
  world.server.world.writeMember(moves, entityId, 'remaining', 4n)
  const shown: unknown[] = []
  client.subscribe(moves, { include: ['remaining'] }, ([row]) => shown.push(row?.['remaining']))
  await world.pass(2_000)
  expect(await move.settled).toBe('confirmed')
  expect(client.get(moves, entityId)).toEqual({ ...held, remaining: 4n })
  expect(new Set(shown)).toEqual(new Set([4n]))
  await client.shutdown()
})

test('[TO23] of an entity that has not come, a second change replaces the first', async () => {
  const { world, client, entityId } = await openBehind()
  const first = client.mutate(moves, { entityId, remaining: 4n })
  const second = client.mutate(moves, { entityId, remaining: 3n })
  expect(await first.settled).toBe('replaced')
  await world.pass(1_000)
  expect(client.get(moves, entityId)).toEqual({ ...held, remaining: 3n })
  second.rollback()
  await client.shutdown()
})

test('[TO22] an entity that has not come, or comes again after a reset, is not taken for deleted', async () => {
  const { world, client, entityId } = await openBehind()
  const remove = (transactionId: string) =>
    client.submitOverlay({ entityId, model: moves, operation: 'delete', payload: {}, transactionId })
  const early = remove('early')
  await world.pass(1_000)
  expect([client.get(moves, entityId), client.getOverlayFor(entityId).length]).toEqual([undefined, 1])
  early.rollback()
  expect(client.get(moves, entityId)).toEqual(held)
  const late = remove('late')
  world.server.setOutage(true)
  await client.reset()
  await world.pass(1_000)
  world.server.setOutage(false)
  await world.pass(5_000)
  expect([client.get(moves, entityId), client.getOverlayFor(entityId).length]).toEqual([undefined, 1])
  world.server.world.delete(moves, entityId)
  await world.pass(100)
  expect(await late.settled).toBe('confirmed')
  await client.shutdown()
})

test('[TO36] an exact change is not confirmed by the row that a disk gives of an older time', async () => {
  const hash = canonicalFelt(0xabc)
  const { world, client, entityId } = await openBehind((transport) => ({
    ...transport,
    changedBy: async () => hash,
  }))
  world.server.world.writeMember(moves, entityId, 'last_direction', 'Down')
  world.server.setOutage(true)
  const shown = new Set<unknown>()
  client.entityUpdates.subscribe(() => shown.add(client.get(moves, entityId)?.['last_direction']))
  const send = async (): Promise<unknown> => hash
  const move = client.mutate(moves, { entityId, last_direction: 'Left' }, { exact: true, send })
  await world.pass(2_000)
  expect(client.query(moves, { consistency: 'persisted-only' }).rows).toEqual([held])
  expect(client.getOverlayFor(entityId).length).toBe(1)
  world.server.setOutage(false)
  await world.pass(10_000)
  expect(await move.settled).toBe('confirmed')
  expect([...shown]).toEqual(['Left', 'Down'])
  await client.shutdown()
})

test('[TO24] changes lie over the first rows that come from the disk, too', async () => {
  const world = createTestWorld()
  const ids = [1, 2, 3].map((other) => world.place(other, other))
  const storageFactory = await keptOnDisk(world)
  world.server.setOutage(true)
  const client = await open(world, { storageFactory, loading: 'behind' })
  const mine = ids[0] ?? ''
  const early = client.mutate(position, { entityId: mine, vec: { x: 9, y: 9 } })
  const told: (readonly Row[])[] = []
  const first = Promise.withResolvers<void>()
  client.subscribe(
    position,
    null,
    (rows) => {
      told.push(rows)
      if (rows.length === 3) first.resolve()
    },
    { limit: 3 },
  )
  // No time passes: nothing but the first rows is here.
  await first.promise
  const shown = (): unknown => told.at(-1)?.find((row) => row['player'] === canonicalFelt(1))
  expect([shown(), client.query(position).ids]).toEqual([{ player, vec: { x: 9, y: 9 } }, [mine]])
  early.rollback()
  expect(shown()).toEqual({ player, vec: { x: 1, y: 0 } })
  const late = client.mutate(position, { entityId: mine, vec: { x: 8, y: 8 } })
  expect(shown()).toEqual({ player, vec: { x: 8, y: 8 } })
  const count = told.length
  await world.pass(1_000)
  expect(client.query(position)).toMatchObject({ complete: true })
  expect([told.length, shown()]).toEqual([count, { player, vec: { x: 8, y: 8 } }])
  late.rollback()
  await client.shutdown()
})
