import { createIntake, createReplica, type Replica } from '@freshet/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packLossless, parse, wordToFloat, zero } from '../float/index.ts'
import { arbitraryAddress, arbitraryOrder, arbitraryWord } from '../testing/arbitrary-order.ts'
import { addressOf, emptyOrder, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { mutationToJson } from './json-mutation.ts'
import type { Mutation } from './mutation.ts'
import { hashOrder } from './order.ts'
import { createRaindexProjection } from './projection.ts'
import { RaindexError } from './raindex-error.ts'
import { readSnapshot } from './read-snapshot.ts'
import { takeSnapshot, type SnapshotBundle } from './snapshot.ts'
import { raindexTables } from './tables.ts'

const place = { chainId: 42161, orderbook: addressOf(0xab) }
const { owner } = fixtureOrder

const someState: readonly Mutation[] = [
  { kind: 'setEnv', blockNumber: 42, timestamp: 1337 },
  {
    kind: 'setTokenDecimals',
    tokens: [
      { token: addressOf(0x92), decimals: 6 },
      { token: addressOf(0x91), decimals: 18 },
    ],
  },
  {
    kind: 'vaultDeltas',
    deltas: [{ owner, token: addressOf(0x92), vaultId: wordOf(3), delta: parse('12.5') }],
  },
  { kind: 'setOrders', orders: [fixtureOrder, emptyOrder] },
  {
    kind: 'applyStore',
    sets: [{ store: addressOf(0xbb), fqn: wordOf(1), kvs: [{ key: wordOf(2), value: wordOf(3) }] }],
  },
]

test('[RX27] a restored snapshot holds the same rows, bits included, and gives the same snapshot', () => {
  const bundle = takeSnapshot(bookOf(someState), { ...place, cursor: '42:7' })
  const restored = readSnapshot(JSON.stringify(bundle), place)
  const again = takeSnapshot(bookOf(restored.mutations), { ...place, cursor: restored.cursor ?? undefined })
  expect(JSON.stringify(again)).toBe(JSON.stringify(bundle))
  expect(bundle).toMatchObject({
    version: 2,
    env: { blockNumber: 42, timestamp: 1337 },
    cacheHandles: {
      interpreters: [emptyOrder.evaluable.interpreter, fixtureOrder.evaluable.interpreter],
      stores: [emptyOrder.evaluable.store, fixtureOrder.evaluable.store],
    },
    tokenDecimals: [{ token: addressOf(0x91) }, { token: addressOf(0x92) }],
    cursor: '42:7',
  })
})

test('[RX27] the order in which a state came about does not show in its snapshot', () => {
  const state = fc.record({
    orders: fc.array(arbitraryOrder, { maxLength: 5 }),
    vaults: fc.uniqueArray(fc.tuple(arbitraryAddress, arbitraryWord, arbitraryWord), {
      maxLength: 5,
      selector: ([token, vaultId]) => token + vaultId,
    }),
    words: fc.uniqueArray(fc.tuple(arbitraryWord, arbitraryWord), { maxLength: 5, selector: ([key]) => key }),
  })
  fc.assert(
    fc.property(state, ({ orders, vaults, words }) => {
      const facts: Mutation[] = [
        ...orders.map((order): Mutation => ({ kind: 'setOrders', orders: [order] })),
        ...vaults.map(([token, vaultId, word]): Mutation => {
          // Positive, so that the chain could hold it.
          const delta = wordToFloat(BigInt(word) & ~(1n << 223n))
          return { kind: 'vaultDeltas', deltas: [{ owner, token, vaultId, delta }] }
        }),
        ...words.map(([key, value]): Mutation => {
          return {
            kind: 'applyStore',
            sets: [{ store: addressOf(1), fqn: wordOf(1), kvs: [{ key, value }] }],
          }
        }),
      ]
      const bundle = takeSnapshot(bookOf(facts), place)
      expect(takeSnapshot(bookOf(facts.toReversed()), place)).toEqual(bundle)
      const { mutations } = readSnapshot(structuredClone(bundle), place)
      expect(takeSnapshot(bookOf(mutations), place)).toEqual(bundle)
    }),
    { numRuns: 100, seed: 20_256 },
  )
})

test('[RX27] a vault keeps its encoding, and an empty one stays a row', () => {
  const twelve = packLossless(125n * 10n ** 20n, -21)
  const deltas = [{ owner, token: addressOf(0x20), vaultId: wordOf(2), delta: twelve }]
  const book = bookOf([
    { kind: 'vaultDeltas', deltas },
    { kind: 'setOrders', orders: [fixtureOrder] },
  ])
  const { mutations } = readSnapshot(takeSnapshot(book, place), place)
  const balances = [...bookOf(mutations).collection('vaults').entries()].map(([, row]) => row['balance'])
  expect(new Set(balances)).toEqual(new Set([zero, twelve]))
})

test('[RX27] what waits goes with the snapshot', () => {
  const waiting: readonly Mutation[] = [
    { kind: 'setOrders', orders: [fixtureOrder] },
    {
      kind: 'batch',
      mutations: [
        {
          kind: 'vaultDeltas',
          deltas: [{ owner, token: addressOf(1), vaultId: wordOf(1), delta: parse('-1.5') }],
        },
      ],
    },
    { kind: 'setEnv', timestamp: 5 },
  ]
  const pending = [{ needs: ['interpreter:0x01'], mutations: waiting.map(mutationToJson) }]
  const bundle = takeSnapshot(bookOf([]), { ...place, pending })
  expect(readSnapshot(JSON.stringify(bundle), place).pending).toEqual([
    { needs: ['interpreter:0x01'], mutations: waiting },
  ])
})

test('[RX28] a snapshot that was changed anywhere, or cut off, is refused with its reason', () => {
  const bundle = takeSnapshot(bookOf(someState), place)
  const text = JSON.stringify(bundle)
  for (let end = 0; end < text.length; end += 97)
    expect(refusal(text.slice(0, end)).errorName).toBe('SnapshotRefused')
  for (const changed of changes(bundle))
    expect(refusal(changed)).toMatchObject({ errorName: 'SnapshotRefused', kind: 'storage' })
  const wrongHash = { ...bundle, orders: bundle.orders.map(({ order }) => ({ hash: wordOf(1), order })) }
  expect(refusal(wrongHash).details).toEqual({ field: 'checksum' })
})

test('[RX28] any field may be damaged in any way and nothing but a refusal comes of it', () => {
  const bundle = takeSnapshot(bookOf(someState), place)
  const fields = Object.keys(bundle)
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
      const damaged = { ...bundle, [field]: value }
      if (JSON.stringify(damaged) === JSON.stringify(bundle)) return
      expect(refusal(damaged).errorName).toBe('SnapshotRefused')
    }),
    { numRuns: 500, seed: 20_257 },
  )
})

test('[RX28] what waits is read as carefully as the rest, whoever made the checksum', () => {
  const bad = [
    null,
    {},
    { kind: 'other' },
    { kind: 'vaultDeltas', deltas: [{}] },
    { kind: 'setOrders', orders: [{}] },
  ]
  let nested: unknown = { kind: 'setEnv' }
  for (let i = 0; i < 5_000; i++) nested = { kind: 'batch', mutations: [nested] }
  const deep = [
    nested,
    { kind: 'batch', mutations: [{ kind: 'setEnv', timestamp: -1 }] },
    { kind: 'applyStore', sets: [{ kvs: 1 }] },
  ]
  for (const mutation of [...bad, ...deep]) {
    const bundle = { ...takeSnapshot(bookOf([]), place), pending: [{ needs: [], mutations: [mutation] }] }
    expect(refusal(bundle).details['field']).toMatch(/^pending\.mutations/)
  }
})

test('[RX28] a snapshot of another order book, chain or version is refused', () => {
  const bundle = takeSnapshot(bookOf(someState), place)
  const otherBook = caught(() => readSnapshot(bundle, { ...place, orderbook: addressOf(1) }))
  expect(otherBook.details).toEqual({ field: 'orderbook' })
  expect(caught(() => readSnapshot(bundle, { ...place, chainId: 1 })).details).toEqual({ field: 'chainId' })
  expect(refusal({ ...bundle, version: 3 }).details).toEqual({ field: 'version' })
})

test('[RX28] an order under a hash that is not its own is refused even with a fitting checksum', () => {
  const upstream = rustBundle()
  const orders = [{ hash: wordOf(1), order: fixtureOrder }]
  expect(refusal({ ...upstream, orders }).details).toEqual({ field: 'orders.hash' })
})

test('[RX29] a bundle of the Rust crate is read', () => {
  const { mutations, cursor, pending } = readSnapshot(JSON.stringify(rustBundle()), place)
  const book = bookOf(mutations)
  expect(book.collection('orders').get(hashOrder(fixtureOrder))).toMatchObject({ owner })
  expect([...book.collection('vaults').entries()].map(([, row]) => row['balance'])).toContain(parse('12.5'))
  expect([cursor, pending]).toEqual([null, []])
})

function rustBundle(): Readonly<Record<string, unknown>> {
  return {
    orderbook: place.orderbook,
    env: { block_number: 42, timestamp: 1337 },
    orders: [{ hash: hashOrder(fixtureOrder), order: fixtureOrder }],
    vault_balances: [
      { owner, token: addressOf(0x20), vault_id: wordOf(2), balance: `0xffffffff${'0'.repeat(54)}7d` },
    ],
    store: [{ store: addressOf(0xbb), fqn: wordOf(1), key: wordOf(2), value: wordOf(3) }],
    token_decimals: [{ token: addressOf(0x20), decimals: 18 }],
    cache_handles: { interpreters: [addressOf(0xaa)], stores: [addressOf(0xbb)] },
  }
}

function bookOf(facts: readonly Mutation[]): Replica<Mutation> {
  const projection = createRaindexProjection('v5')
  const book = createReplica<Mutation>({
    name: 'book',
    tables: raindexTables,
    intake: createIntake({ projection, isReady: () => true }),
  })
  book.apply({ kind: 'log', after: -1, upTo: 0, facts })
  return book
}

/** One small change in each part. */
function changes(bundle: SnapshotBundle): readonly unknown[] {
  const [vault] = bundle.vaultBalances
  const [word] = bundle.store
  const [token] = bundle.tokenDecimals
  return [
    { ...bundle, env: { ...bundle.env, blockNumber: 43 } },
    { ...bundle, orders: bundle.orders.slice(1) },
    { ...bundle, vaultBalances: [{ ...vault, balance: wordOf(1) }, ...bundle.vaultBalances.slice(1)] },
    { ...bundle, store: [{ ...word, value: wordOf(9) }] },
    { ...bundle, tokenDecimals: [{ ...token, decimals: 7 }, ...bundle.tokenDecimals.slice(1)] },
    { ...bundle, cacheHandles: { ...bundle.cacheHandles, stores: [] } },
    { ...bundle, cursor: '1' },
    { ...bundle, pending: [{ needs: [], mutations: [] }] },
    { ...bundle, checksum: wordOf(1) },
  ]
}

function refusal(json: unknown): RaindexError {
  return caught(() => readSnapshot(json, place))
}

function caught(operation: () => unknown): RaindexError {
  try {
    operation()
  } catch (error) {
    if (error instanceof RaindexError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}
