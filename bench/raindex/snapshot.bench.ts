import { createIntake, createReplica, type Replica } from '@freshet/core'
import {
  createRaindexProjection,
  encodeOrder,
  raindexTables,
  readSnapshot,
  takeSnapshot,
  type Mutation,
  type Order,
} from '@freshet/raindex/engine'
import { packLossless, zero } from '@freshet/raindex/float'
import { collectSnapshot } from '../../packages/raindex/src/engine/snapshot.ts'
import { addressOf } from '../../packages/raindex/src/testing/fixture-order.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, retainedBytes } from '../measure.ts'

const orders = 10_000
const vaults = 30_000
const words = 100_000
const place = { chainId: 42161, orderbook: addressOf(0xab) }

/**
 * A large book saved and loaded, against cloning the same snapshot.
 *
 * Both without hashing; what the checksum and the orders' hashes cost on top is reported in a row of its own.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const book = largeBook()
  const bundle = takeSnapshot(book, place)
  const timed = (work: () => unknown) => () => {
    const start = performance.now()
    if (work() === undefined) throw new Error('Nothing was made.')
    return performance.now() - start
  }
  const figures = await interleave(
    {
      save: timed(() => collectSnapshot(book, place)),
      load: timed(() => readSnapshot(bundle, place, { verify: false })),
      clone: timed(() => structuredClone(bundle)),
    },
    { rounds: 5, warmUp: 1 },
  )
  const [save, load, clone] = [median(figures.save), median(figures.load), median(figures.clone)]
  const withOrders = retainedBytes(() => bookOf([...vaultsOf(), ...ordersOf(0)])).bytes
  const perOrder = (withOrders - retainedBytes(() => bookOf(vaultsOf())).bytes) / orders
  const encoded = (encodeOrder(orderOf(1)).length - 2) / 2
  const verify = timed(() => readSnapshot(bundle, place))()
  const note = (ms: number): string => `${ms.toFixed(0)} against ${clone.toFixed(0)} ms`
  const size = `${orders} orders, ${vaults} vaults, ${words} words`
  return [
    benchRow({
      name: 'snapshot saved, times a clone',
      measured: save / clone,
      bound: 2,
      better: 'lower',
      note: note(save),
    }),
    benchRow({
      name: 'snapshot loaded, times a clone',
      measured: load / clone,
      bound: 2,
      better: 'lower',
      note: note(load),
    }),
    benchRow({
      name: 'memory of an order, times its encoding',
      measured: perOrder / encoded,
      bound: 2,
      better: 'lower',
      note: `${perOrder.toFixed(0)} bytes against ${encoded}, its vaults apart`,
    }),
    benchRow({
      name: 'loaded with all hashes, times a clone',
      measured: verify / clone,
      bound: 40,
      better: 'lower',
      note: `${verify.toFixed(0)} ms, ${size}`,
    }),
  ]
}

function largeBook(): Replica<Mutation> {
  return bookOf([
    ...ordersOf(0),
    {
      kind: 'vaultDeltas',
      deltas: Array.from({ length: vaults - 2 * orders }, (_, i) => ({
        ...{ owner: numbered(i, 20), token: addressOf(0x30), vaultId: numbered(i, 32) },
        delta: packLossless(BigInt(i + 1) * 1_234_567_890_123n, -18),
      })),
    },
    {
      kind: 'applyStore',
      sets: Array.from({ length: words / 100 }, (_, i) => ({
        store: addressOf(0xbb),
        fqn: numbered(i, 32),
        kvs: Array.from({ length: 100 }, (__, key) => ({ key: numbered(key, 32), value: numbered(i, 32) })),
      })),
    },
  ])
}

function ordersOf(first: number): readonly Mutation[] {
  return [{ kind: 'setOrders', orders: Array.from({ length: orders }, (_, i) => orderOf(first + i)) }]
}

/** The vaults that the orders bring with them. */
function vaultsOf(): readonly Mutation[] {
  const ios = Array.from({ length: orders }, (_, i) => orderOf(i)).flatMap(
    ({ owner, validInputs, validOutputs }) =>
      [...validInputs, ...validOutputs].map((io) => ({ owner, ...io, delta: zero })),
  )
  return [{ kind: 'vaultDeltas', deltas: ios }]
}

function bookOf(facts: readonly Mutation[]): Replica<Mutation> {
  const replica = createReplica<Mutation>({
    name: 'bench',
    tables: raindexTables,
    intake: createIntake({ projection: createRaindexProjection('v5'), isReady: () => true }),
  })
  replica.apply({ kind: 'log', after: -1, upTo: 1, facts })
  return replica
}

function orderOf(number: number): Order {
  return {
    owner: numbered(number, 20),
    evaluable: { interpreter: addressOf(0xaa), store: addressOf(0xbb), bytecode: `0x${'5a'.repeat(480)}` },
    validInputs: [{ token: addressOf(0x10), vaultId: numbered(number, 32) }],
    validOutputs: [{ token: addressOf(0x20), vaultId: numbered(number, 32) }],
    nonce: numbered(number, 32),
  }
}

function numbered(number: number, sizeBytes: number): `0x${string}` {
  return `0x${number.toString(16).padStart(2 * sizeBytes, '0')}`
}
