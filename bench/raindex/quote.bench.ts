import type { EvmEngine, EvmResult } from '@freshet/evm'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  raindexTables,
  replicaState,
  type Bytes32,
  type EvaluationHost,
  type Order,
  type OrderbookState,
} from '@freshet/raindex/engine'
import { createIntake, createReplica } from '@freshet/core'
import { floatToHex, parse } from '@freshet/raindex/float'
import { addressOf, wordOf } from '../../packages/raindex/src/testing/fixture-order.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const orderCount = 200
const quotes = 4_000
const interpreter = addressOf(0xaa)
const store = addressOf(0xbb)

/** A quote without the EVM's own time: context, call data, answer, caps. The engine answers at once with two words. */
export async function run(): Promise<readonly BenchRow[]> {
  const orders = Array.from({ length: orderCount }, (_, i) => orderOf(i))
  const state = stateOf(orders)
  const host = hostOf()
  const hashes = orders.map(hashOrder)
  const figures = await interleave(
    {
      quote: async () => {
        // Time of the processor, which other processes do not add to.
        const start = process.cpuUsage()
        await quoteAll(host, state, hashes)
        const { user, system } = process.cpuUsage(start)
        return (user + system) / quotes
      },
    },
    // A quote runs through many functions, which take long to be compiled well.
    { warmUp: 10 },
  )
  const micros = median(figures.quote)
  const note = `${orderCount} orders with 480 bytes of program, one pair each`
  return [
    benchRow({
      name: 'quote without the EVM, processor µs',
      measured: micros,
      bound: 15,
      better: 'lower',
      note,
    }),
  ]
}

async function quoteAll(
  host: EvaluationHost,
  state: OrderbookState,
  hashes: readonly Bytes32[],
): Promise<void> {
  const counterparty = addressOf(0xe1)
  for (let i = 0; i < quotes; i++) {
    const order = hashes[i % hashes.length] ?? wordOf(0)
    const outcome = await quoteOrder(host, state, { order, inputIOIndex: 0, outputIOIndex: 0, counterparty })
    if (outcome.kind !== 'quote') throw new Error(outcome.reason.kind)
  }
}

function orderOf(number: number): Order {
  return {
    owner: addressOf(number % 50),
    evaluable: { interpreter, store, bytecode: `0x${'5a'.repeat(480)}` },
    validInputs: [{ token: addressOf(0x10), vaultId: wordOf(1) }],
    validOutputs: [{ token: addressOf(0x20), vaultId: wordOf(2) }],
    nonce: wordOf(number),
  }
}

function stateOf(orders: readonly Order[]): OrderbookState {
  const replica = createReplica({
    name: 'bench',
    tables: raindexTables,
    intake: createIntake({ projection: createRaindexProjection('v5'), isReady: () => true }),
  })
  const tokens = [0x10, 0x20].map((token) => ({ token: addressOf(token), decimals: 18 }))
  const deltas = orders.flatMap(({ owner, validOutputs }) =>
    validOutputs.map((io) => ({ owner, ...io, delta: parse('12.345678901234567') })),
  )
  const facts = [
    { kind: 'setOrders', orders },
    { kind: 'setTokenDecimals', tokens },
    { kind: 'vaultDeltas', deltas },
  ] as const
  replica.apply({ kind: 'log', after: -1, upTo: 1, facts })
  return replicaState(replica)
}

function hostOf(): EvaluationHost {
  const words = [`${64n}`, `${160n}`, '2'].map((n) => BigInt(n).toString(16).padStart(64, '0'))
  const floats = ['1.5', '10'].map((text) => floatToHex(parse(text)).slice(2))
  const output = Buffer.from([...words, ...floats, '0'.repeat(64)].join(''), 'hex')
  const reads = { time: false, number: false, block: false, slots: [], accounts: [] }
  const answer: EvmResult = { status: 'ok', output: new Uint8Array(output), gasUsed: 0n, reads }
  const nothing = (): void => undefined
  const engine: EvmEngine = {
    name: 'answers at once',
    staticCall: ({ data }) => (data.length > 0 ? answer : { ...answer, status: 'halt' }),
    setCode: nothing,
    setBalance: nothing,
    setStorage: nothing,
    setKnownEmpty: nothing,
    setComplete: nothing,
    setHook: nothing,
    setBlock: nothing,
  }
  const cache = createStaticCodeCache([
    { kind: 'Interpreter', address: interpreter, bytecode: '0x01' },
    { kind: 'Store', address: store, bytecode: '0x01' },
  ])
  const orderbook = { address: addressOf(0x99), version: 'v5' } as const
  const options = { engine, cache, chainId: 1n, orderbook: orderbook.address }
  return { orderbook, interpreter: createEvmInterpreter(options) }
}
