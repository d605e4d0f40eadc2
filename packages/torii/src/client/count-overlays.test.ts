import { expect, test } from 'vitest'
import { createTestWorld, moves, position } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createReactiveClient } from './reactive-client.ts'

async function openTold() {
  const world = createTestWorld()
  const { clock, random, client: transport, manifest } = world
  const entityId = world.place(1, 1)
  world.server.world.set(moves, { player: canonicalFelt(1), remaining: 5n, last_direction: 'Up' })
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client: transport, manifest },
  })
  await world.pass(500)
  const told: (readonly [atMs: number, all: number, positions: number | undefined])[] = []
  const from = clock.now()
  client.syncStatus.subscribe(({ overall, models }) =>
    told.push([
      clock.now() - from,
      overall.pendingOverlayCount,
      models.find(({ model }) => model === position)?.overlayPending,
    ]),
  )
  return { world, client, entityId, told }
}

test('[TO27] a tick tells that a change is pending, and that it is no more', async () => {
  const { world, client, entityId, told } = await openTold()
  const move = client.mutate(position, { entityId, vec: { x: 4, y: 2 } })
  expect(told).toEqual([[0, 1, 1]])
  await world.pass(1_000)
  move.rollback()
  expect(told).toEqual([
    [0, 1, 1],
    [1_000, 0, 0],
  ])
  // What the world shows already is not pending, and what comes and goes is not told.
  expect(await client.mutate(position, { entityId, vec: { x: 1, y: 0 } }).settled).toBe('confirmed')
  await world.pass(1_000)
  expect(told.length).toBe(2)
  await client.shutdown()
})

test('[TO27] many changes within a moment are told once, with the last state of things', async () => {
  const { world, client, entityId, told } = await openTold()
  for (let x = 10; x < 60; x++) {
    client.mutate(position, { entityId, vec: { x, y: 0 } })
    client.mutate(moves, { entityId, remaining: BigInt(x) })
  }
  await world.pass(90)
  expect(told).toEqual([[0, 1, 1]])
  await world.pass(500)
  expect(told).toEqual([
    [0, 1, 1],
    [100, 2, 1],
  ])
  for (const { transactionId } of client.getOverlayFor(entityId)) client.rollbackOverlay(transactionId)
  await world.pass(0)
  client.mutate(position, { entityId, vec: { x: 1, y: 1 } }).rollback()
  await world.pass(500)
  expect(told.slice(2)).toEqual([
    [590, 1, 0],
    [690, 0, 0],
  ])
  expect(client.getSyncStatus().overall.pendingOverlayCount).toBe(0)
  await client.shutdown()
})

test('[TO27] a tick of the synchroniser carries the counts, and is not followed by one that says the same', async () => {
  const { world, client, entityId, told } = await openTold()
  const from = world.clock.now()
  client.mutate(position, { entityId, vec: { x: 4, y: 2 } })
  client.mutate(moves, { entityId, remaining: 4n })
  world.server.cut('clean')
  await world.pass(90)
  expect(told.at(-1)?.slice(1)).toEqual([2, 1])
  const count = told.length
  await world.pass(500)
  expect(told.slice(count)).toEqual([])
  expect(told.every(([atMs]) => atMs <= world.clock.now() - from)).toBe(true)
  await client.shutdown()
})
