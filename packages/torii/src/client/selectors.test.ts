import { expect, test } from 'vitest'
import { createTestWorld, moves, position, type TestWorld } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createReactiveClient } from './reactive-client.ts'
import { listTokens, selectComponent, selectEntity, selectMany } from './selectors.ts'

async function open(world: TestWorld, options: Partial<ReactiveClientOptions> = {}) {
  const { clock, random, client, manifest } = world
  const opened = await createReactiveClient({
    toriiUrl: 'http://torii',
    clock,
    random,
    client,
    manifest,
    ...options,
  })
  await world.pass(200)
  return opened
}

test('[TO35] selectors give an entity, one of its models, or many, with pending changes folded in', async () => {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  world.place(2, 2)
  world.server.world.set(moves, { player: canonicalFelt(1), remaining: 3n, last_direction: 'Up' })
  const client = await open(world)
  client.mutate(position, { entityId, vec: { x: 9, y: 9 } })
  expect(selectEntity(client, entityId)).toEqual({
    [position]: { player: canonicalFelt(1), vec: { x: 9, y: 9 } },
    [moves]: { player: canonicalFelt(1), remaining: 3n, last_direction: 'Up' },
  })
  expect(selectComponent(client, position, entityId, { include: ['vec.x'] })).toEqual({ vec: { x: 9 } })
  expect(selectComponent(client, position, '0x1')).toBeUndefined()
  const filter = { where: [{ member: 'vec.x', op: 'gte' as const, value: 2 }] }
  expect(selectMany(client, position, { filter }).length).toBe(2)
  expect(selectMany(client, position, { filter, consistency: 'persisted-only' }).length).toBe(1)
  await client.shutdown()
})

test('[TO35] tokens are listed by contract and by who holds them', async () => {
  const world = createTestWorld()
  const { records } = world.server.world
  const base = { name: 'Sword', symbol: 'S', decimals: 0, metadata: '', totalSupply: null }
  const [one, two, player] = [canonicalFelt(1), canonicalFelt(2), canonicalFelt(7)]
  records.put('tokens', { ...base, contractAddress: one, tokenId: 1n })
  records.put('tokens', { ...base, contractAddress: one, tokenId: 2n })
  records.put('tokens', { ...base, contractAddress: two, tokenId: 1n })
  records.put('tokenBalances', { accountAddress: player, contractAddress: one, tokenId: 2n, balance: 5n })
  records.put('tokenBalances', { accountAddress: player, contractAddress: two, tokenId: 1n, balance: 0n })
  const client = await open(world, { targets: [{ kind: 'tokens' }, { kind: 'tokenBalances' }] })
  expect(listTokens(client).length).toBe(3)
  expect(listTokens(client, { contracts: ['0x2'] })).toMatchObject([{ contractAddress: two }])
  expect(listTokens(client, { account: '0x7' })).toEqual([
    { ...base, contractAddress: one, tokenId: 2n, balance: 5n },
  ])
  await client.shutdown()
})

test('[TO21] entities are found by id, and a subscription to some hears of those alone', async () => {
  const world = createTestWorld()
  const [one, two] = [world.place(1, 1), world.place(2, 2)]
  world.place(3, 3)
  const client = await open(world)
  const hashedKeys = [`0x${BigInt(one).toString(16)}`, two, '0x123']
  expect(client.query(position, { filter: { hashedKeys } }).ids).toEqual([one, two].toSorted())
  const told: number[] = []
  const stop = client.subscribe(position, null, (rows) => told.push(rows.length), { filter: { hashedKeys } })
  world.place(3, 4)
  await world.pass(100)
  expect(told).toEqual([2])
  world.server.world.delete(position, two)
  await world.pass(100)
  expect(told).toEqual([2, 1])
  stop()
  world.place(1, 5)
  await world.pass(100)
  expect(told).toEqual([2, 1])
  await client.shutdown()
})

test('[TO21] an index answers as a look at everything does, through changes, moves and deletions', async () => {
  const world = createTestWorld(7)
  for (let player = 1; player <= 20; player++) world.place(player, player % 4)
  const plain = await open(world)
  const indexed = await open(world, { indexes: { [position]: [['vec.x'], ['player']] } })
  const filters = [
    ...[0, 1, 2n, 3, 4].map((value) => ({ where: [{ member: 'vec.x', op: 'eq' as const, value }] })),
    { where: [{ member: 'vec.x', op: 'in' as const, value: [1, 3] }] },
    { where: [{ member: 'vec.x', op: 'eq' as const, value: 1.5 }] },
    { keys: { player: 3 } },
    { where: [{ member: 'player', op: 'eq' as const, value: '0x3' }] },
    { where: [{ member: 'player', op: 'in' as const, value: ['0x3', canonicalFelt(4), '0x0005'] }] },
    {
      where: [
        { op: 'and' as const, where: [{ member: 'vec.x', op: 'eq' as const, value: 1 }] },
        { member: 'vec.y', op: 'eq' as const, value: 0 },
      ],
    },
  ]
  const same = (): void => {
    for (const filter of filters)
      expect(indexed.query(position, { filter }).ids).toEqual(plain.query(position, { filter }).ids)
  }
  same()
  for (let turn = 0; turn < 30; turn++) {
    const player = 1 + Math.floor(world.random.next() * 22)
    const id = world.place(player, Math.floor(world.random.next() * 5))
    if (turn % 5 === 0) world.server.world.delete(position, id)
    const move = { entityId: id, vec: { x: 4, y: 4 } }
    if (turn % 7 === 0) for (const client of [plain, indexed]) client.mutate(position, move)
    await world.pass(20)
    same()
  }
  await plain.shutdown()
  await indexed.shutdown()
})

test('[TO21] felts are found in any spelling, and moves may write them so', async () => {
  const world = createTestWorld()
  const ids = [1, 2, 3].map((player) => world.place(player, player))
  const client = await open(world)
  const found = (op: 'eq' | 'neq', value: string) =>
    client.query(position, { filter: { where: [{ member: 'player', op, value }] } }).ids
  for (const value of ['0x2', '0x0002', canonicalFelt(2)]) expect(found('eq', value)).toEqual([ids[1]])
  expect(new Set(found('neq', '0x2'))).toEqual(new Set([ids[0], ids[2]]))
  expect(found('eq', canonicalFelt(9))).toEqual([])
  const move = client.mutate(position, { entityId: ids[1] ?? '', player: '0x2', vec: { x: 5n, y: 0n } })
  expect(client.get(position, ids[1] ?? '')).toEqual({ player: canonicalFelt(2), vec: { x: 5, y: 0 } })
  world.place(2, 5)
  await world.pass(100)
  expect(await move.settled).toBe('confirmed')
  await client.shutdown()
})
