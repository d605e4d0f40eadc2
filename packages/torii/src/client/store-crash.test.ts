import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { crashingStore } from '@freshet/storage/testing'
import { expect, test } from 'vitest'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createReactiveClient } from './reactive-client.ts'

/** More writes than one run below makes. */
const lastWrite = 14

function open(
  { clock, random, client, manifest }: TestWorld,
  storageFactory: ReactiveClientOptions['storageFactory'],
) {
  const options = { toriiUrl: 'http://torii', clock, random, client, manifest, storageFactory }
  return createReactiveClient({ ...options, pageSize: 2, reconcileMs: Infinity })
}

/** One run of a process: a bootstrap, then changes one by one, up to the death of its store. */
async function runUntilDead(
  world: TestWorld,
  disk: MemoryDisk,
  failAt: number,
  when: 'before' | 'after',
): Promise<void> {
  const dying = await open(world, async (tables) =>
    crashingStore(await openMemoryStore({ tables, disk }), { failAt, when }),
  ).catch(
    // It died while opening.
    () => undefined,
  )
  await world.pass(500)
  const [id = '', gone = ''] = world.server.world.rows(position).keys()
  for (let x = 100; x < 105; x++) {
    world.server.world.writeMember(position, id, 'vec', { x, y: failAt })
    await world.pass(1_000)
  }
  world.server.world.delete(position, gone)
  await world.pass(1_000)
  await dying?.pause()
}

for (const when of ['before', 'after'] as const) {
  test(`[TO24] a process that dies ${when} any of its writes leaves what the next one goes on from`, async () => {
    for (let failAt = 1; failAt <= lastWrite; failAt++) {
      const world = createTestWorld(failAt)
      for (const player of [1, 2, 3, 4, 5]) world.place(player, player)
      const disk = createMemoryDisk()
      await runUntilDead(world, disk, failAt, when)
      world.place(9, 9)
      const next = await open(world, (tables) => openMemoryStore({ tables, disk }))
      await world.pass(5_000)
      const held = new Map(next.query(position).ids.map((id) => [id, next.get(position, id)]))
      expect(held, `write ${failAt}`).toEqual(world.server.world.rows(position))
      await next.shutdown()
    }
  })
}
