import { createIntake, createReplica, FreshetError, sourceSide, type Replica } from '@freshet/core'
import { expect, test } from 'vitest'
import { floatToHex, packLossless, parse, zero } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { createMapDraft, type MapDraft } from '../testing/map-draft.ts'
import type { Mutation } from './mutation.ts'
import { hashOrder } from './order.ts'
import type { Orderbook } from './orderbook.ts'
import { createRaindexProjection } from './projection.ts'
import { envId, raindexTables, storeRowId, vaultRowId } from './tables.ts'

const { owner } = fixtureOrder
const [token, vaultId] = [addressOf(0x20), wordOf(0x02)]
const outputVault = vaultRowId(owner, token, vaultId)
const needs = [`interpreter:${addressOf(0xaa)}`, `store:${addressOf(0xbb)}`]

test('[RX11] an environment that was never set is zero; given fields are set, others stay', () => {
  expect(applied([]).get('env', envId)).toBeUndefined()
  const draft = applied([{ kind: 'setEnv', blockNumber: 42, timestamp: 1337 }])
  expect(draft.get('env', envId)).toEqual({ blockNumber: 42, timestamp: 1337 })
  const nested = applied([
    {
      kind: 'batch',
      mutations: [
        { kind: 'setEnv', blockNumber: 1 },
        { kind: 'batch', mutations: [{ kind: 'setEnv', timestamp: 2 }] },
      ],
    },
  ])
  expect(nested.get('env', envId)).toEqual({ blockNumber: 1, timestamp: 2 })
})

test('[RX9] two orders are two rows; removing one leaves the other; adding one twice makes one', () => {
  const [first, second] = [
    { ...fixtureOrder, nonce: wordOf(1) },
    { ...fixtureOrder, nonce: wordOf(2) },
  ]
  const draft = applied([{ kind: 'setOrders', orders: [first, second, second] }])
  expect(draft.rows('orders')).toEqual([
    { hash: hashOrder(first), ...first },
    { hash: hashOrder(second), ...second },
  ])
  const removed = applied([{ kind: 'removeOrders', orderHashes: [hashOrder(first), wordOf(9)] }], 'v5', draft)
  expect(removed.rows('orders')).toEqual([{ hash: hashOrder(second), ...second }])
})

test('[RX9] an order brings its vaults with nothing in them, nested ones too, and leaves those that are there', () => {
  const orders: Mutation = { kind: 'setOrders', orders: [fixtureOrder] }
  const draft = applied([
    deltas('12.5'),
    { kind: 'batch', mutations: [{ kind: 'batch', mutations: [orders] }] },
  ])
  expect(draft.rows('vaults')).toEqual([
    { owner, token, vaultId, balance: parse('12.5') },
    { owner, token: addressOf(0x10), vaultId: wordOf(0x01), balance: zero },
  ])
})

test('[RX9] in V6 the wallet of an owner is no vault', () => {
  const order = { ...fixtureOrder, validOutputs: [{ token, vaultId: wordOf(0) }] }
  expect(applied([{ kind: 'setOrders', orders: [order] }], 'v6').rows('vaults')).toHaveLength(1)
  expect(applied([{ kind: 'setOrders', orders: [order] }], 'v5').rows('vaults')).toHaveLength(2)
})

test('[RX10] deltas add up to the bits of the chain', () => {
  const draft = applied([deltas('1'), deltas('-0.4')])
  // Rows of vaults hold floats.
  const balance = draft.get('vaults', outputVault)?.['balance'] as typeof zero
  expect(floatToHex(balance)).toBe('0xffffffbd38f9312aadf1d5e078cc147a556c6420a0b8aa580000000000000000')
  expect(applied([deltas('3.5')]).get('vaults', outputVault)?.['balance']).toBe(parse('3.5'))
})

test('[RX10] a vault that would fall below zero is refused', () => {
  expect(() => applied([deltas('1'), deltas('-1')])).not.toThrow()
  expect(() => applied([deltas('1'), deltas('-1.000000000000000001')])).toThrow(
    'would hold less than nothing',
  )
  expect(() => applied([deltas('-1')])).toThrow(FreshetError)
})

test('[RX8] store words and decimals are set, the last value counts', () => {
  const [store, fqn] = [addressOf(0xbb), wordOf(0x0f)]
  const kvs = [
    { key: wordOf(7), value: wordOf(10) },
    { key: wordOf(7), value: wordOf(11) },
    { key: wordOf(13), value: wordOf(17) },
  ]
  const draft = applied([
    { kind: 'applyStore', sets: [{ store, fqn, kvs }] },
    {
      kind: 'setTokenDecimals',
      tokens: [
        { token: addressOf(1), decimals: 18 },
        { token: addressOf(2), decimals: 6 },
      ],
    },
  ])
  expect(draft.get('store', storeRowId(store, fqn, wordOf(7)))?.['value']).toBe(wordOf(11))
  expect(draft.get('store', storeRowId(store, fqn, wordOf(13)))?.['value']).toBe(wordOf(17))
  expect(draft.rows('tokens').map((row) => row['decimals'])).toEqual([18, 6])
})

test('[RX12] an order needs its interpreter and its store, in that order, also inside a batch', () => {
  const { needs: needsOf } = createRaindexProjection('v5')
  const orders: Mutation = { kind: 'setOrders', orders: [fixtureOrder] }
  expect(needsOf?.({ kind: 'batch', mutations: [deltas('1'), orders] })).toEqual(needs)
  expect(needsOf?.(deltas('1'))).toEqual([])
})

test('[RX12] the removal of an order that waits for code waits too, so that no dead order rises', () => {
  const code = new Set<string>()
  const replica = openBook(code)
  add(replica, 0, [{ kind: 'setOrders', orders: [fixtureOrder] }])
  add(replica, 1, [{ kind: 'removeOrders', orderHashes: [hashOrder(fixtureOrder)] }])
  expect(add(replica, 2, [deltas('1')])).toBe('applied')
  expect(replica.status.get().pending).toEqual(needs)
  for (const need of needs) code.add(need)
  expect(sourceSide(replica).retryDeferred()).toBe(2)
  expect(replica.collection('orders').size).toBe(0)
  expect(replica.collection('vaults').get(outputVault)?.['balance']).toBe(parse('1'))
})

test('[RX12] a later word of the same key waits behind an earlier one', () => {
  const code = new Set<string>()
  const replica = openBook(code)
  const word = (value: number): Mutation => ({
    kind: 'applyStore',
    sets: [{ store: addressOf(0xbb), fqn: wordOf(1), kvs: [{ key: wordOf(7), value: wordOf(value) }] }],
  })
  add(replica, 0, [{ kind: 'setOrders', orders: [fixtureOrder] }, word(1)])
  expect(add(replica, 1, [word(2)])).toBe('parked')
  for (const need of needs) code.add(need)
  sourceSide(replica).retryDeferred()
  expect(replica.collection('store').get(storeRowId(addressOf(0xbb), wordOf(1), wordOf(7)))?.['value']).toBe(
    wordOf(2),
  )
})

test('[RX11] the clock goes on while an order waits, and what comes late does not turn it back', () => {
  const code = new Set<string>()
  const replica = openBook(code)
  add(replica, 0, [
    { kind: 'setEnv', blockNumber: 0, timestamp: 100 },
    { kind: 'setOrders', orders: [fixtureOrder] },
  ])
  expect(add(replica, 1, [{ kind: 'setEnv', blockNumber: 1, timestamp: 112 }])).toBe('applied')
  for (const need of needs) code.add(need)
  sourceSide(replica).retryDeferred()
  expect(replica.collection('env').get(envId)).toEqual({ blockNumber: 1, timestamp: 112 })
  expect(replica.collection('orders').size).toBe(1)
})

test('[RX11] a rewind takes the clock back', () => {
  const replica = openBook(new Set(needs))
  add(replica, 0, [{ kind: 'setEnv', blockNumber: 0, timestamp: 100 }])
  add(replica, 1, [{ kind: 'setEnv', blockNumber: 1, timestamp: 150 }])
  const facts: Mutation[] = [{ kind: 'setEnv', blockNumber: 1, timestamp: 112 }]
  replica.apply({ kind: 'log', after: 0, upTo: 1, rewindTo: 0, facts })
  expect(replica.collection('env').get(envId)).toEqual({ blockNumber: 1, timestamp: 112 })
})

test('[RX10] a batch that fails in the middle changes nothing', () => {
  const replica = openBook(new Set(needs))
  add(replica, 0, [deltas('5')])
  const facts: Mutation[] = [deltas('5'), { kind: 'setOrders', orders: [fixtureOrder] }, deltas('-100')]
  expect(() => replica.apply({ kind: 'log', after: 0, upTo: 1, facts })).toThrow(
    'would hold less than nothing',
  )
  expect(replica.position).toBe(0)
  expect(replica.collection('orders').size).toBe(0)
  expect(replica.collection('vaults').get(outputVault)?.['balance']).toBe(parse('5'))
  add(replica, 1, [deltas('5')])
  expect(replica.collection('vaults').get(outputVault)?.['balance']).toBe(packLossless(10n ** 67n, -66))
})

function applied(
  mutations: readonly Mutation[],
  version: Orderbook['version'] = 'v5',
  draft: MapDraft = createMapDraft(),
): MapDraft {
  createRaindexProjection(version).apply(draft, mutations)
  return draft
}

function deltas(amount: string): Mutation {
  return { kind: 'vaultDeltas', deltas: [{ owner, token, vaultId, delta: parse(amount) }] }
}

function openBook(code: ReadonlySet<string>): Replica<Mutation> {
  return createReplica<Mutation>({
    name: 'book',
    tables: raindexTables,
    intake: createIntake({
      projection: createRaindexProjection('v5'),
      isReady: (need) => code.has(need),
      keepPositions: 100,
    }),
  })
}

function add(replica: Replica<Mutation>, block: number, facts: readonly Mutation[]): string {
  return replica.apply({ kind: 'log', after: block - 1, upTo: block, facts }).kind
}
