import { delay } from '@freshet/core'
import { openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { createReactiveClient } from '../client/reactive-client.ts'
import { noServerFaults } from '../test-server/server-faults.ts'
import { createTestWorld, moves, position, type TestWorld } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import { allToriiRules, type ToriiRules } from './torii-rules.ts'

/** Opens a client without the comparisons that would mend everything in the end. */
function open({ clock, random, client, manifest }: TestWorld, torii: ToriiRules = allToriiRules) {
  const rules = { torii, kernel: undefined }
  const options = { toriiUrl: 'http://torii', clock, random, client, manifest, rules, pageSize: 2 }
  return createReactiveClient({ ...options, reconcileMs: Infinity })
}

function readyToMove(world: TestWorld, player: number): void {
  world.server.world.set(moves, { player: canonicalFelt(player), remaining: 1n, last_direction: 'Up' })
}

for (const [movers, held] of [
  [true, 6],
  [false, 5],
] as const) {
  test(`[TO15] an entity that another model moves past a walk is ${movers ? 'found' : 'lost without the rule'}`, async () => {
    const world = createTestWorld(3)
    const ids = [1, 2, 3, 4, 5, 6].map((player) => world.place(player, player))
    for (const player of [1, 2, 3, 4, 5, 6]) readyToMove(world, player)
    world.server.setFaults({ ...noServerFaults, maxLatencyMs: 100 })
    const client = await open(world, { ...allToriiRules, movers })
    const walked = () => client.query(position).ids.length
    while (walked() === 0) await world.pass(10)
    // The oldest is not read yet; what moves it is a change of its other model.
    expect(client.get(position, ids[0] ?? '')).toBeUndefined()
    readyToMove(world, 1)
    await world.pass(5_000)
    expect(client.getSyncStatus().overall.state).toBe('streaming')
    expect(walked()).toBe(held)
    await client.shutdown()
  })
}

test('[TO40] a page that was asked for before a change was told does not undo it', async () => {
  const world = createTestWorld()
  const { clock, random, client, manifest } = world
  for (const player of [1, 2, 3, 4, 5, 6, 7, 8]) world.place(player, 0)
  const opened = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client, manifest, pageSize: 2 },
    // Pages wait for the disk, while the next ones are here already.
    backPressure: { maxBacklog: 1 },
    async storageFactory(tables) {
      const store = await openMemoryStore({ tables })
      return { ...store, commit: (...work) => delay(clock, 1_000).then(() => store.commit(...work)) }
    },
  })
  const shown = new Set<string>()
  opened.subscribe(position, null, (rows) => {
    for (const { player, vec } of rows) if (player === canonicalFelt(1)) shown.add(JSON.stringify(vec))
  })
  while (opened.query(position).ids.length < 2) await world.pass(100)
  // By now the page that holds it has been asked for, and waits.
  world.place(1, 9)
  await world.pass(20_000)
  expect([...shown]).toEqual(['{"x":9,"y":0}'])
  expect(opened.query(position).ids.length).toBe(8)
  await opened.shutdown()
})

test('[TO14] nothing is read before the subscription stands', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  const order: string[] = []
  const { client } = world
  const noting: TestWorld = {
    ...world,
    client: {
      ...client,
      async *subscribeEntities(...asked) {
        for await (const push of client.subscribeEntities(...asked)) {
          order.push(push.kind)
          yield push
        }
      },
      entities(...asked) {
        order.push('read')
        return client.entities(...asked)
      },
    },
  }
  const opened = await open(noting)
  await world.pass(100)
  expect(order[0]).toBe('subscribed')
  expect(order).toContain('read')
  await opened.shutdown()
})

test('[TO16] one member of an entity that is not held brings the whole of it', async () => {
  const world = createTestWorld()
  const client = await open(world)
  await world.pass(100)
  // Put there unheard, as by a push that was lost.
  world.server.cut('silent')
  const id = world.place(1, 1)
  const heard = world.server.calls.get('/world.World/SubscribeEntities')
  await world.pass(100)
  expect(client.get(position, id)).toBeUndefined()
  world.server.cut('reset')
  world.server.world.writeMember(position, id, 'vec', { x: 2, y: 2 })
  await world.pass(5_000)
  expect(client.get(position, id)).toEqual({ player: canonicalFelt(1), vec: { x: 2, y: 2 } })
  expect(world.server.calls.get('/world.World/SubscribeEntities')).toBe((heard ?? 0) + 1)
  await client.shutdown()
})

for (const rule of ['resume', 'reconcileIds'] as const) {
  test(`[${rule === 'resume' ? 'TO17' : 'TO18'}] what changed and what was deleted in a gap is found, and is lost without the rule`, async () => {
    for (const on of [true, false]) {
      const world = createTestWorld()
      const [changed = '', deleted = ''] = [1, 2].map((player) => world.place(player, player))
      const client = await open(world, { ...allToriiRules, [rule]: on })
      await world.pass(2_000)
      world.server.setOutage(true)
      world.server.world.writeMember(position, changed, 'vec', { x: 9, y: 9 })
      world.server.world.delete(position, deleted)
      await world.pass(100)
      world.server.setOutage(false)
      await world.pass(10_000)
      const isRight =
        client.query(position).ids.length === 1 &&
        client.query(position).rows[0]?.['player'] === canonicalFelt(1)
      expect(client.getSyncStatus().overall.state).toBe('streaming')
      expect(isRight).toBe(on)
      await client.shutdown()
    }
  })
}

test('[TO19] an indexer that has gone back is not trusted with the gap alone: everything is read', async () => {
  const world = createTestWorld()
  for (const player of [1, 2, 3, 4, 5, 6]) world.place(player, player)
  let back = 0n
  const { client, server } = world
  const goingBack: TestWorld = {
    ...world,
    client: {
      ...client,
      async *subscribeWorld(...asked) {
        for await (const pulse of client.subscribeWorld(...asked))
          yield { ...pulse, head: (pulse.head ?? 0n) - back }
      },
    },
  }
  await world.pass(2_000)
  world.place(7, 7)
  const opened = await open(goingBack)
  await world.pass(2_000)
  const pagesOf = async (): Promise<number> => {
    const before = server.calls.get('/world.World/RetrieveEntities') ?? 0
    server.cut('reset')
    await world.pass(10_000)
    return (server.calls.get('/world.World/RetrieveEntities') ?? 0) - before
  }
  const gapAlone = await pagesOf()
  back = 3n
  expect(await pagesOf()).toBeGreaterThan(gapAlone + 2)
  expect(opened.query(position).ids.length).toBe(7)
  await opened.shutdown()
})
