import type { Row } from '@freshet/core'
import { expect, test } from 'vitest'
import { createReactiveClient } from '../client/reactive-client.ts'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import { createTestWorld, moved, moves, position, type TestWorld } from '../testing/test-world.ts'
import { movesMembers } from '../testing/demo-models.ts'
import { manifestOfWorld } from '../schema/manifest.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createDojoClient, type DojoMessage } from './dojo-client.ts'
import type { DojoClause } from './dojo-clause.ts'

const pagination = { limit: 100, cursor: undefined, direction: 'Forward', order_by: [] }

async function open(world: TestWorld, options: Partial<ReactiveClientOptions> = {}) {
  const { clock, random, client: transport, server } = world
  const manifest = manifestOfWorld({ address: server.world.address, models: server.world.models() })
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client: transport, manifest },
    ...options,
  })
  await world.pass(500)
  return client
}

/** Five players, of whom the first two can move. */
function filledWorld() {
  const world = createTestWorld()
  const ids = [1, 2, 3, 4, 5].map((player) => world.place(player, player * 10))
  for (const player of [1, 2]) {
    const row = {
      player: canonicalFelt(player),
      remaining: 2n ** 60n + BigInt(player),
      last_direction: 'Left',
    }
    world.server.world.set(moves, row)
  }
  return { world, ids }
}

test('[TO42] the SDK is told entities with the types of their members, exactly', async () => {
  const { world, ids } = filledWorld()
  const client = await open(world)
  const dojo = createDojoClient(client)
  const asked = { pagination, clause: { HashedKeys: [ids[0] ?? ''] }, models: [position, moves] }
  const { items, next_cursor: next } = await dojo.getEntities(asked)
  const primitive = (type_name: string, value: unknown, key = false) => ({
    type: 'primitive',
    ...{ type_name, value, key },
  })
  expect(next).toBeUndefined()
  expect(items).toMatchObject([
    {
      hashed_keys: ids[0],
      models: {
        [position]: {
          player: primitive('contract_address', canonicalFelt(1), true),
          vec: { type: 'struct', value: { x: primitive('u32', 10), y: primitive('u32', 0) } },
        },
        [moves]: {
          remaining: primitive('u64', `${2n ** 60n + 1n}`),
          last_direction: { type: 'enum', value: { option: 'Left', value: { type: 'tuple', value: [] } } },
        },
      },
    },
  ])
  await client.shutdown()
})

const member = (of: string, operator: string, value: object, model = position): DojoClause => ({
  Member: { model, member: of, operator, value: value as { readonly String: string } },
})
const u32 = (value: number): object => ({ Primitive: { U32: value } })
const keys = (
  felts: readonly (string | undefined)[],
  how: 'FixedLen' | 'VariableLen',
  models = [position],
): DojoClause => ({
  Keys: { keys: felts, pattern_matching: how, models },
})

test.each<[what: string, clause: DojoClause | undefined, players: readonly number[]]>([
  ['no clause', undefined, [1, 2, 3, 4, 5]],
  ['any keys', keys([], 'VariableLen'), [1, 2, 3, 4, 5]],
  ['any keys of a model that some hold', keys([], 'VariableLen', [moves]), [1, 2]],
  ['any keys of any model', keys([], 'VariableLen', []), [1, 2, 3, 4, 5]],
  ['one key', keys(['0x3'], 'FixedLen'), [3]],
  ['any one key', keys([undefined], 'FixedLen'), [1, 2, 3, 4, 5]],
  ['more keys than there are', keys(['0x3', undefined], 'VariableLen'), []],
  ['an equal member', member('vec.x', 'Eq', u32(20)), [2]],
  ['another member', member('vec.x', 'Neq', u32(20)), [1, 3, 4, 5]],
  ['a greater member', member('vec.x', 'Gt', u32(30)), [4, 5]],
  ['one at least', member('vec.x', 'Gte', u32(30)), [3, 4, 5]],
  ['a lesser one', member('vec.x', 'Lt', u32(20)), [1]],
  ['one at most', member('vec.x', 'Lte', u32(20)), [1, 2]],
  ['one of some', member('vec.x', 'In', { List: [u32(10), u32(50)] }), [1, 5]],
  ['none of some', member('vec.x', 'NotIn', { List: [u32(10), u32(50)] }), [2, 3, 4]],
  ['an address', member('player', 'Eq', { Primitive: { ContractAddress: '0x4' } }), [4]],
  ['an address as text', member('player', 'Eq', { String: '0x4' }), [4]],
  ['no such address', member('player', 'Neq', { String: '0x04' }), [1, 2, 3, 5]],
  ['one of some addresses', member('player', 'In', { List: [{ String: '0x4' }, { String: '0x5' }] }), [4, 5]],
  [
    'a number beyond 2^53',
    member('remaining', 'Eq', { Primitive: { U64: `${2n ** 60n + 2n}` } }, moves),
    [2],
  ],
  ['a variant', member('last_direction', 'Eq', { String: 'Left' }, moves), [1, 2]],
  [
    'all of some clauses',
    {
      Composite: {
        operator: 'And',
        clauses: [member('vec.x', 'Gt', u32(10)), keys([], 'VariableLen', [moves])],
      },
    },
    [2],
  ],
  [
    'any of some clauses',
    { Composite: { operator: 'Or', clauses: [member('vec.x', 'Eq', u32(50)), keys(['0x1'], 'FixedLen')] } },
    [1, 5],
  ],
])('[TO42] %s: the entities that Torii would mean', async (_, clause, players) => {
  const { world, ids } = filledWorld()
  const client = await open(world)
  const dojo = createDojoClient(client)
  const { items } = await dojo.getEntities({ pagination, clause, models: [position, moves] })
  const expected = players.map((player) => ids[player - 1] ?? '')
  expect(items.map((item) => item.hashed_keys)).toEqual(expected.toSorted())
  await client.shutdown()
})

test('[TO42] pages hold each entity once, in both directions', async () => {
  const { world, ids } = filledWorld()
  const client = await open(world)
  const dojo = createDojoClient(client)
  for (const direction of ['Forward', 'Backward']) {
    const seen: string[] = []
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await dojo.getEntities({
        pagination: { ...pagination, limit: 2, cursor, direction },
        models: [],
      })
      seen.push(...page.items.map((item) => item.hashed_keys))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(direction === 'Forward' ? ids.toSorted() : ids.toSorted().toReversed())
  }
  await client.shutdown()
})

test('[TO42] a subscription is told what changes, comes and goes, moves and gaps included, until it is cancelled', async () => {
  const { world, ids } = filledWorld()
  const client = await open(world)
  const dojo = createDojoClient(client)
  const [id = '', other = ''] = ids
  const heard: unknown[] = []
  const note = ({ hashed_keys: of, models }: DojoMessage): void => {
    for (const [tag, { vec }] of Object.entries(models)) {
      const { x } = (vec?.value ?? {}) as { readonly x?: { readonly value: unknown } }
      heard.push([of, tag, x?.value])
    }
  }
  const near = member('vec.x', 'Lt', u32(30))
  const subscription = await dojo.onEntityUpdated(near, [], note)
  const move = client.mutate(position, { entityId: id, vec: { x: 5, y: 5 } })
  move.rollback()
  // Not meant before nor after.
  world.server.world.writeMember(position, ids[3] ?? '', 'vec', { x: 41, y: 0 })
  // Meant before, and told that it is not any more.
  world.server.world.writeMember(position, other, 'vec', { x: 90, y: 0 })
  await world.pass(100)
  world.server.world.delete(position, id)
  await world.pass(100)
  expect(heard.splice(0)).toEqual([
    [id, position, 5],
    [id, position, 10],
    [other, position, 90],
    [id, position, undefined],
  ])
  await dojo.updateEntitySubscription(subscription, { HashedKeys: [ids[4] ?? ''] })
  world.server.setOutage(true)
  await world.pass(1_000)
  world.server.world.writeMember(position, ids[4] ?? '', 'vec', { x: 51, y: 0 })
  world.server.world.writeMember(position, ids[2] ?? '', 'vec', { x: 1, y: 0 })
  world.server.setOutage(false)
  await world.pass(10_000)
  expect(heard.splice(0)).toEqual([[ids[4], position, 51]])
  subscription.cancel()
  world.server.world.writeMember(position, ids[4] ?? '', 'vec', { x: 52, y: 0 })
  await world.pass(100)
  expect(heard).toEqual([])
  await client.shutdown()
})

test('[TO42] a world that is read again is told as one that goes and comes', async () => {
  const { world, ids } = filledWorld()
  const client = await open(world)
  const dojo = createDojoClient(client)
  const told: (readonly [string, boolean])[] = []
  const subscription = await dojo.onEntityUpdated(undefined, [], ({ hashed_keys: id, models }) => {
    const { vec } = models[position] ?? {}
    if (position in models) told.push([id, vec !== undefined])
  })
  await client.reset()
  await world.pass(1_000)
  await client.ready
  const each = (isThere: boolean) => new Set(ids.map((id) => `${id} ${isThere}`))
  const toldAs = (isThere: boolean) =>
    new Set(told.filter(([, is]) => is === isThere).map(([id]) => `${id} ${isThere}`))
  expect([toldAs(false), toldAs(true)]).toEqual([each(false), each(true)])
  expect(told.findLastIndex(([, isThere]) => !isThere)).toBeLessThan(told.findIndex(([, isThere]) => isThere))
  subscription.cancel()
  await client.shutdown()
})

test('[TO42] events are told apart from entities', async () => {
  const { world, ids } = filledWorld()
  world.server.world.declareEvent(moved, movesMembers)
  const event: Row = { player: canonicalFelt(1), remaining: 1n, last_direction: 'Up' }
  world.server.world.emit(moved, event)
  const client = await open(world, {
    models: [position],
    targets: [{ kind: 'event', tag: moved }],
  })
  await world.pass(500)
  const dojo = createDojoClient(client, { events: [moved] })
  const tagsOf = (items: readonly DojoMessage[]) =>
    new Set(items.flatMap(({ models }) => Object.keys(models)))
  const entities = await dojo.getEntities({ pagination, models: [] })
  expect([entities.items.length, tagsOf(entities.items)]).toEqual([ids.length, new Set([position])])
  const events = await dojo.getEventMessages({ pagination, models: [] })
  expect([events.items.length, tagsOf(events.items)]).toEqual([1, new Set([moved])])
  const heard: string[] = []
  const subscription = await dojo.onEventMessageUpdated(undefined, [], ({ models }) =>
    heard.push(...Object.keys(models)),
  )
  world.server.world.emit(moved, { ...event, remaining: 2n })
  world.place(1, 7)
  await world.pass(500)
  expect(heard).toEqual([moved])
  subscription.free()
  await client.shutdown()
})

test('[TO42] tokens and balances are told by contract, account and id, as they are and as they change', async () => {
  const world = createTestWorld()
  const { records } = world.server.world
  const contractAddress = canonicalFelt(0x721)
  const accountAddress = canonicalFelt(7)
  const token = {
    ...{ contractAddress, name: 'Sword', symbol: 'SWD', decimals: 0, metadata: '{}', totalSupply: null },
  }
  for (const tokenId of [1n, 2n]) records.put('tokens', { ...token, tokenId })
  records.put('tokenBalances', { accountAddress, contractAddress, tokenId: 2n ** 200n, balance: 255n })
  const client = await open(world, { targets: [{ kind: 'tokens' }, { kind: 'tokenBalances' }] })
  const dojo = createDojoClient(client)
  const tokens = await dojo.getTokens({ contract_addresses: ['0x721'], token_ids: ['2'], pagination })
  expect(tokens.items).toEqual([
    {
      contract_address: contractAddress,
      token_id: canonicalFelt(2),
      ...{ name: 'Sword', symbol: 'SWD', decimals: 0, metadata: '{}', total_supply: undefined },
    },
  ])
  const balances = await dojo.getTokenBalances({ account_addresses: ['0x7'], contract_addresses: [] })
  expect(balances.items.map(({ balance, token_id: id }) => [BigInt(balance), BigInt(id ?? 0)])).toEqual([
    [255n, 2n ** 200n],
  ])
  expect((await dojo.getTokenBalances({ account_addresses: ['0x8'] })).items).toEqual([])
  const heard: unknown[] = []
  const bySword = await dojo.onTokenUpdated(['0x721'], ['0x1'], ({ name }) => heard.push(name))
  const held = await dojo.onTokenBalanceUpdated([], ['0x7'], [], ({ balance }) => heard.push(BigInt(balance)))
  for (const tokenId of [1n, 2n]) records.put('tokens', { ...token, tokenId, name: `Blade ${tokenId}` })
  records.put('tokenBalances', { accountAddress, contractAddress, tokenId: 2n ** 200n, balance: 1n })
  await world.pass(500)
  expect(heard.splice(0)).toEqual(['Blade 1', 1n])
  await dojo.updateTokenBalanceSubscription(held, [], ['0x8'], [])
  records.put('tokenBalances', { accountAddress, contractAddress, tokenId: 2n ** 200n, balance: 2n })
  await world.pass(500)
  expect(heard).toEqual([])
  bySword.cancel()
  await expect(dojo.getTokenContracts({ pagination })).rejects.toMatchObject({ code: 'torii/not-replicated' })
  await client.shutdown()
})

test('[TO42] what a replica does not hold is refused, or answered by another client', async () => {
  const { world } = filledWorld()
  const client = await open(world, { models: [position] })
  const alone = createDojoClient(client)
  const refused = { code: 'torii/not-replicated', kind: 'usage' }
  await expect(alone.getControllers()).rejects.toMatchObject(refused)
  await expect(alone.getEntities({ pagination, models: [moves] })).rejects.toMatchObject(refused)
  await expect(alone.getEntities({ pagination, models: [position], historical: true })).rejects.toMatchObject(
    refused,
  )
  const otherwise = {
    address: '0x5',
    async getControllers(this: { address: string }, name: string) {
      return `${name}@${this.address}`
    },
  }
  const both = createDojoClient(client, { otherwise })
  // As the SDK calls it.
  const ask = both.getControllers as unknown as (name: string) => Promise<unknown>
  expect(await ask('me')).toBe('me@0x5')
  await client.shutdown()
})

test.each([
  ['an operator nobody knows', member('vec.x', 'Contains', u32(1))],
  ['a number that is none', member('vec.x', 'Eq', { Primitive: { U32: 'many' } })],
  ['no value', member('vec.x', 'Eq', { Primitive: { U32: undefined } })],
  ['no clause', { Like: 1 } as unknown as DojoClause],
])('[TO42] %s is refused', async (_, clause) => {
  const { world } = filledWorld()
  const client = await open(world)
  const asking = createDojoClient(client).getEntities({ pagination, clause, models: [position] })
  await expect(asking).rejects.toMatchObject({ code: 'torii/bad-clause', kind: 'usage' })
  await client.shutdown()
})
