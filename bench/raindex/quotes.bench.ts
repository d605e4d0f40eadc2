import { setImmediate } from 'node:timers/promises'
import { createIntake, createReplica, systemClock } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  raindexTables,
  replicaState,
  type EvaluationHost,
  type Mutation,
  type Order,
} from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { openQuotes } from '@freshet/raindex/live'
import { op, testProgram } from '@freshet/raindex/testing'
import { contractCode } from '../../packages/raindex/src/testing/compile-contracts.ts'
import { addressOf } from '../../packages/raindex/src/testing/fixture-order.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { median } from '../measure.ts'

const orderCount = 5_000
const changed = orderCount / 100
const interpreter = addressOf(0xaa)
const store = addressOf(0xbb)
const counterparty = addressOf(0)

/** The quotes of a whole book, kept up to date: what a block costs that changes one vault in a hundred. */
export async function run(): Promise<readonly BenchRow[]> {
  const orders = Array.from({ length: orderCount }, (_, number) => orderOf(number))
  const { replica, host, apply } = await openBook(orders)
  const quotes = openQuotes({ replica, host, clock: cpuClock })
  await quotes.settled()
  await setImmediate()
  const state = replicaState(replica)
  const plain: number[] = []
  const kept: number[] = []
  const shares: number[] = []
  for (let round = 0; round < 9; round++) {
    plain.push(
      await cpuMs(async () => {
        for (const order of orders) {
          await quoteOrder(host, state, { order: hashOrder(order), ...pair, counterparty })
        }
      }),
    )
    const before = quotes.evaluated
    kept.push(
      await cpuMs(async () => {
        apply([{ kind: 'setEnv', blockNumber: 100 + round }, depositsOf(orders, round)])
        await quotes.settled()
      }),
    )
    shares.push((quotes.evaluated - before) / orderCount)
  }
  quotes.close()
  const [whole, block] = [median(plain), median(kept)]
  const note = `${block.toFixed(1)} of ${whole.toFixed(0)} processor ms, ${orderCount} orders`
  return [
    benchRow({
      name: 'quotes made again in a block that changes one vault in a hundred, share',
      measured: median(shares),
      bound: 0.01,
      better: 'lower',
    }),
    benchRow({
      name: 'time of such a block, share of quoting all',
      measured: block / whole,
      bound: 0.1,
      better: 'lower',
      note,
    }),
    benchRow({
      name: 'longest task while quoting, processor ms',
      measured: longestTask,
      bound: 50,
      better: 'lower',
    }),
  ]
}

const pair = { inputIOIndex: 0, outputIOIndex: 0 } as const

function orderOf(number: number): Order {
  const vaultId = `0x${number.toString(16).padStart(64, '0')}` as const
  const calculate = [op.push(floatToHex(parse('10'))), op.push(vaultId), op.get]
  return {
    owner: addressOf(number % 50),
    evaluable: { interpreter, store, bytecode: testProgram(calculate) },
    validInputs: [{ token: addressOf(0x10), vaultId }],
    validOutputs: [{ token: addressOf(0x20), vaultId }],
    nonce: vaultId,
  }
}

function depositsOf(orders: readonly Order[], round: number): Mutation {
  const some = orders.slice(round * changed, (round + 1) * changed)
  const deltas = some.flatMap(({ owner, validOutputs }) =>
    validOutputs.map((io) => ({ owner, ...io, delta: parse('1') })),
  )
  return { kind: 'vaultDeltas', deltas }
}

async function openBook(orders: readonly Order[]) {
  const intake = createIntake({ projection: createRaindexProjection('v5'), isReady: () => true })
  const replica = createReplica<Mutation>({ name: 'bench', tables: raindexTables, intake })
  const apply = (facts: readonly Mutation[]): void => {
    const after = replica.position
    replica.apply({ kind: 'log', after, upTo: after + 1, facts })
  }
  const tokens = [0x10, 0x20].map((token) => ({ token: addressOf(token), decimals: 18 }))
  apply([
    { kind: 'setOrders', orders },
    { kind: 'setTokenDecimals', tokens },
  ])
  const cache = createStaticCodeCache([
    { kind: 'Interpreter', address: interpreter, bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: store, bytecode: contractCode('WordStore') },
  ])
  const orderbook = { address: addressOf(0x99), version: 'v5' } as const
  const engine = await createWasmEvm()
  const options = { engine, cache, chainId: 1n, orderbook: orderbook.address }
  const host: EvaluationHost = { orderbook, interpreter: createEvmInterpreter(options) }
  return { replica, host, apply }
}

let longestTask = 0

/** Time of the processor, which other processes do not add to; and how long its tasks run. */
const cpuClock = {
  now: () => process.cpuUsage().user / 1_000,
  schedule: (task: () => void, delayMs: number) =>
    systemClock.schedule(() => {
      const start = process.cpuUsage()
      task()
      // What the task sets off runs in microtasks, before the next timer.
      void setImmediate().then(() => {
        longestTask = Math.max(longestTask, process.cpuUsage(start).user / 1_000)
      })
    }, delayMs),
}

async function cpuMs(work: () => Promise<void>): Promise<number> {
  // In a task of its own, so that it does not count to the last one.
  await setImmediate()
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1_000
}
