import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import type { ReactiveError } from '../client/errors.ts'
import { createReactiveClient } from '../client/reactive-client.ts'
import { createTestWorld, moves, position, type TestWorld } from '../testing/test-world.ts'
import { movesMembers } from '../testing/demo-models.ts'
import { canonicalFelt } from '../values/felt.ts'
import type { RecordRows } from '../wire/record-rows.ts'
import type { SyncTarget } from './sync-target.ts'

const u256 = 2n ** 255n - 19n
const erc721 = canonicalFelt(0x721)
const account = canonicalFelt(0xacc)

const token = (tokenId: bigint, name = 'Sword'): RecordRows['tokens'] => ({
  ...{ contractAddress: erc721, tokenId, name, symbol: 'SWD', decimals: 0 },
  ...{ metadata: '{"attack":9007199254740993}', totalSupply: null },
})
const balance = (amount: bigint): RecordRows['tokenBalances'] => ({
  ...{ accountAddress: account, contractAddress: erc721, tokenId: null, balance: amount },
})
const tokenContract: RecordRows['tokenContracts'] = {
  ...{ contractAddress: erc721, contractType: 'ERC721', name: 'Swords', symbol: 'SWD', decimals: 0 },
  ...{ metadata: '', totalSupply: u256, traits: '', tokenMetadata: '' },
}
const indexed: RecordRows['contracts'] = {
  ...{ contractAddress: erc721, contractType: 'ERC721', head: 5n, tps: 1n },
  ...{ lastBlockTimestamp: null, updatedAt: 1n, createdAt: 1n },
}
const transaction: RecordRows['transactions'] = {
  ...{ transactionHash: canonicalFelt(0x7a), senderAddress: account, calldata: [canonicalFelt(1)] },
  ...{ maxFee: u256, signature: [], nonce: 7n, blockNumber: 2n ** 60n + 25n },
  ...{ transactionType: 'INVOKE', blockTimestamp: 1n, uniqueModels: [canonicalFelt(2)] },
  calls: [{ contractAddress: erc721, entrypoint: 'mint', calldata: [], callerAddress: account }],
}

const everything: readonly SyncTarget[] = [
  { kind: 'tokens' },
  { kind: 'tokenBalances' },
  { kind: 'tokenContracts' },
  { kind: 'contracts' },
  { kind: 'transactions' },
]

async function open(world: TestWorld, options: Partial<ReactiveClientOptions> = {}) {
  const { clock, random, client, manifest } = world
  const opened = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client, manifest, pageSize: 2, reconcileMs: Infinity },
    ...options,
  })
  await world.pass(1_000)
  return opened
}

function durable(): Pick<ReactiveClientOptions, 'storageFactory'> {
  const disk = createMemoryDisk()
  return { storageFactory: (tables) => openMemoryStore({ tables, disk }) }
}

const ids = (world: TestWorld, kind: keyof RecordRows): readonly string[] =>
  world.server.world.records
    .all(kind)
    .map(([id]) => id)
    .toSorted()

test('[TO32] tokens, balances, contracts and transactions are here exactly, then each change as it happens', async () => {
  const world = createTestWorld()
  const { records } = world.server.world
  for (const tokenId of [1n, 2n, u256]) records.put('tokens', token(tokenId))
  records.put('tokenContracts', tokenContract)
  records.put('contracts', indexed)
  records.put('transactions', transaction)
  const client = await open(world, { targets: everything })
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  expect(client.query('tokens')).toMatchObject({ ids: ids(world, 'tokens'), complete: true })
  expect(client.query('tokens').rows).toContainEqual(token(u256))
  expect(client.query('tokenContracts').rows).toEqual([tokenContract])
  expect(client.query('transactions').rows).toEqual([transaction])
  expect(client.query('contracts').rows).toContainEqual(indexed)
  expect(client.query('contracts').rows).toContainEqual(
    expect.objectContaining({ contractType: 'WORLD', contractAddress: world.server.world.address }),
  )
  records.put('tokenBalances', balance(u256))
  records.put('tokens', token(1n, 'Axe'))
  records.put('contracts', { ...indexed, head: 6n })
  world.place(1, 1)
  await world.pass(100)
  expect(client.query('tokenBalances').rows).toEqual([balance(u256)])
  expect(
    client.query('tokens', { filter: { where: [{ member: 'name', op: 'eq', value: 'Axe' }] } }).ids,
  ).toEqual([`${erc721}:${canonicalFelt(1)}`])
  expect(client.query('contracts').rows).toContainEqual(
    expect.objectContaining({ contractType: 'WORLD', head: BigInt(world.server.world.head) }),
  )
  // Not pushed, but asked for once a minute.
  records.put('tokenContracts', { ...tokenContract, name: 'Blades' })
  await world.pass(61_000)
  expect(client.query('tokenContracts').rows[0]?.['name']).toBe('Blades')
  expect(client.getSyncStatus().models.map(({ model }) => model)).toContain('tokenBalances')
  await client.shutdown()
})

test('[TO32] records of some contracts and accounts are those alone, pushed ones too', async () => {
  const world = createTestWorld()
  const { records } = world.server.world
  records.put('tokens', token(1n))
  records.put('tokens', { ...token(2n), contractAddress: canonicalFelt(9) })
  const client = await open(world, { targets: [{ kind: 'tokens', contracts: ['0x721'] }] })
  records.put('tokens', { ...token(3n), contractAddress: canonicalFelt(9) })
  records.put('tokens', token(4n))
  await world.pass(100)
  expect(client.query('tokens').ids).toEqual([1n, 4n].map((id) => `${erc721}:${canonicalFelt(id)}`))
  await client.shutdown()
})

test('[TO33] a kind of record with other filters holds what they say, in this run and the next', async () => {
  const world = createTestWorld()
  const { records } = world.server.world
  for (const contract of [1n, 2n, 3n])
    records.put('tokens', { ...token(1n), contractAddress: canonicalFelt(contract) })
  const disk = durable()
  const client = await open(world, { ...disk, targets: [{ kind: 'tokens', contracts: ['0x1'] }] })
  const held = (of: typeof client) => of.query('tokens').rows.map((row) => row['contractAddress'])
  expect(held(client)).toEqual([canonicalFelt(1)])
  await client.addTarget({ kind: 'tokens', contracts: ['0x1', '0x2'] })
  await world.pass(2_000)
  expect(held(client)).toEqual([canonicalFelt(1), canonicalFelt(2)])
  await client.shutdown()
  const again = await open(world, { ...disk, targets: [{ kind: 'tokens', contracts: ['3'] }] })
  await world.pass(5_000)
  expect(held(again)).toEqual([canonicalFelt(3)])
  await again.shutdown()
})

test('[TO32] event messages are kept by their keys, apart from entities, and after a gap what was missed is read', async () => {
  const world = createTestWorld()
  world.server.world.declareEvent('ns-Moved', movesMembers)
  const moved = (player: number, remaining: bigint) => ({
    ...{ player: canonicalFelt(player), remaining, last_direction: 'Up' },
  })
  for (const player of [1, 2, 3]) world.server.world.emit('ns-Moved', moved(player, 1n))
  const client = await open(world, { targets: [{ kind: 'event', tag: 'ns-Moved' }] })
  expect(client.query('ns-Moved').rows.length).toBe(3)
  world.server.world.emit('ns-Moved', moved(2, 2n))
  await world.pass(100)
  const filter = { keys: { player: 2 } }
  expect(client.query('ns-Moved', { filter }).rows).toEqual([moved(2, 2n)])
  const pagesBefore = world.server.calls.get('/world.World/RetrieveEventMessages') ?? 0
  world.server.setOutage(true)
  world.server.world.emit('ns-Moved', moved(2, 3n))
  await world.pass(100)
  world.server.setOutage(false)
  await world.pass(10_000)
  expect(client.query('ns-Moved', { filter }).rows).toEqual([moved(2, 3n)])
  expect((world.server.calls.get('/world.World/RetrieveEventMessages') ?? 0) - pagesBefore).toBeLessThan(6)
  expect(client.query(position).rows.length).toBe(0)
  await client.shutdown()
})

test('[TO33] a target that is added is read alone, and one that is removed leaves nothing behind', async () => {
  const world = createTestWorld()
  for (const player of [1, 2, 3, 4, 5]) {
    world.place(player, player)
    world.server.world.set(moves, { player: canonicalFelt(player), remaining: 1n, last_direction: 'Up' })
  }
  // Old enough not to count as of the same second as what comes.
  await world.pass(2_000)
  world.place(6, 6)
  const disk = durable()
  const client = await open(world, { ...disk, models: [position] })
  expect(client.query(moves)).toMatchObject({ rows: [], complete: false })
  const pages = (): number => world.server.calls.get('/world.World/RetrieveEntities') ?? 0
  const before = pages()
  await client.addTarget({ kind: 'model', tag: moves })
  await client.addTarget({ kind: 'tokens' })
  await world.pass(2_000)
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  expect(client.query(moves)).toMatchObject({ complete: true })
  expect(client.query(moves).rows.length).toBe(5)
  expect(pages() - before).toBeLessThan(20)
  world.server.world.records.put('tokens', token(1n))
  world.server.world.set(moves, { player: canonicalFelt(6), remaining: 1n, last_direction: 'Up' })
  await world.pass(500)
  expect(client.query('tokens').rows.length).toBe(1)
  expect(client.query(moves).rows.length).toBe(6)

  await client.removeTarget(moves)
  await world.pass(2_000)
  expect(client.query(moves)).toMatchObject({ rows: [], complete: false })
  expect(client.query(position).rows.length).toBe(6)
  await expect(client.addTarget({ kind: 'model', tag: 'ns-Nowhere' })).rejects.toMatchObject({
    code: 'torii/unknown-target',
  })
  await client.shutdown()

  const [first = ''] = world.server.world.rows(moves).keys()
  world.server.world.delete(moves, first)
  const again = await open(world, { ...disk, models: [position, moves] })
  await world.pass(2_000)
  expect(again.query(moves).rows.length).toBe(5)
  await again.shutdown()
})

test('[TO33] what changed while a model was not synchronised is not overlooked', async () => {
  const world = createTestWorld()
  const place = (player: number, remaining: bigint): string =>
    world.server.world.set(moves, { player: canonicalFelt(player), remaining, last_direction: 'Up' })
  const [changed = '', deleted = ''] = [1, 2].map((player) => place(player, 1n))
  const disk = durable()
  const both = await open(world, { ...disk, models: [position, moves] })
  await both.shutdown()
  place(1, 2n)
  world.server.world.delete(moves, deleted)
  await world.pass(5_000)
  const one = await open(world, { ...disk, models: [position] })
  world.place(1, 1)
  await world.pass(5_000)
  await one.shutdown()
  const again = await open(world, { ...disk, models: [position, moves] })
  await world.pass(5_000)
  expect(again.query(moves).ids).toEqual([changed])
  expect(again.get(moves, changed)).toMatchObject({ remaining: 2n })
  await again.shutdown()
})

test('[TO34] a model that cannot be read is left out, said so, and the others go on', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  world.server.world.set(moves, { player: canonicalFelt(1), remaining: 1n, last_direction: 'Up' })
  const client = await open(world)
  const heard: ReactiveError[] = []
  client.errors.subscribe((error) => heard.push(error))
  world.server.world.garble(moves, id)
  await world.pass(100)
  expect(heard).toMatchObject([{ name: 'TargetQuarantinedError', table: moves }])
  expect(client.query(moves)).toMatchObject({ complete: false })
  expect(client.query(moves).rows.length).toBe(1)
  world.place(1, 2)
  await world.pass(100)
  expect(client.get(position, id)).toMatchObject({ vec: { x: 2 } })
  world.server.cut('reset')
  await world.pass(10_000)
  expect(client.getSyncStatus()).toMatchObject({
    overall: { state: 'streaming' },
    models: [{ model: position }],
  })
  // Mended, and tried again.
  world.server.world.set(moves, { player: canonicalFelt(1), remaining: 2n, last_direction: 'Up' })
  await client.pause()
  client.resume()
  await world.pass(2_000)
  expect(client.query(moves)).toMatchObject({ complete: true, rows: [{ remaining: 2n }] })
  await client.shutdown()
})

test('[TO34] a page that cannot be read leaves its model out, and so does a server that fails for it alone', async () => {
  const world = createTestWorld()
  const id = world.place(1, 1)
  world.server.world.garble(moves, id)
  const client = await open(world)
  await world.pass(5_000)
  expect(client.getSyncStatus()).toMatchObject({
    overall: { state: 'streaming' },
    models: [{ model: position }],
  })
  expect(client.query(position).rows.length).toBe(1)
  await client.shutdown()

  const failing: TestWorld = {
    ...world,
    client: {
      ...world.client,
      // As with an array of fixed size, which Torii cannot send.
      async entities(asked, signal) {
        if (!asked.models.includes(moves)) return world.client.entities(asked, signal)
        const { FreshetError } = await import('@freshet/core')
        throw new FreshetError({ code: 'torii/internal', kind: 'remote', retryable: true, message: 'todo' })
      },
    },
  }
  const other = await open(failing)
  await world.pass(60_000)
  expect(other.getSyncStatus()).toMatchObject({
    overall: { state: 'streaming' },
    models: [{ model: position }],
  })
  await other.shutdown()
})

test('[TO34] a kind of record that the server does not know is left out', async () => {
  const world = createTestWorld()
  world.place(1, 1)
  world.server.setUnknown(['SubscribeTransactions', 'RetrieveTokenContracts'])
  const client = await open(world, { targets: everything })
  await world.pass(20_000)
  const tables = client.getSyncStatus().models.map(({ model }) => model)
  expect(tables).not.toContain('transactions')
  expect(tables).not.toContain('tokenContracts')
  expect(tables).toContain('tokens')
  expect(client.getSyncStatus().overall.state).toBe('streaming')
  await client.shutdown()
})
