import { createIntake, createReplica } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import { expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  raindexTables,
  type Mutation,
  type Order,
} from '../../engine/index.ts'
import { display, parse } from '../../float/index.ts'
import { contractCode } from '../../testing/compile-contracts.ts'
import { addressOf, fixtureOrder, wordOf } from '../../testing/fixture-order.ts'
import { op, testProgram } from '../../testing/test-program.ts'
import { openQuotes } from '../open-quotes.ts'
import { createQuoteWorkers } from './create-quote-workers.ts'

const orderbook = { address: addressOf(0x99), version: 'v5' } as const
const word = (number: number) => `0x${number.toString(16).padStart(64, '0')}` as const
const orders = Array.from({ length: 100 }, (_, number): Order => {
  const bytecode = testProgram([op.push(wordOf(0)), op.time])
  return { ...fixtureOrder, evaluable: { ...fixtureOrder.evaluable, bytecode }, nonce: word(number) }
})

test('[RX38] workers of a browser quote what the clock has made stale', async () => {
  const intake = createIntake({ projection: createRaindexProjection('v5'), isReady: () => true })
  const replica = createReplica<Mutation>({ name: 'book', tables: raindexTables, intake })
  const apply = (...facts: readonly Mutation[]): void => {
    const after = replica.position
    replica.apply({ kind: 'log', after, upTo: after + 1, facts })
  }
  const tokens = [0x10, 0x20].map((byte) => ({ token: addressOf(byte), decimals: 18 }))
  apply({ kind: 'setEnv', blockNumber: 1, timestamp: 100 })
  apply({ kind: 'setTokenDecimals', tokens }, { kind: 'setOrders', orders })
  const cache = createStaticCodeCache([
    { kind: 'Interpreter', address: addressOf(0xaa), bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: addressOf(0xbb), bytecode: contractCode('WordStore') },
  ])
  const options = { cache, chainId: 1n, orderbook: orderbook.address }
  const interpreter = createEvmInterpreter({ ...options, engine: await createWasmEvm() })
  const real = createQuoteWorkers({ ...options, workers: 1 })
  let made = 0
  const workers: typeof real = {
    ...real,
    async run(...args) {
      const runs = await real.run(...args)
      made += runs.filter((run) => run !== undefined).length
      return runs
    },
  }
  const quotes = openQuotes({ replica, host: { orderbook, interpreter }, workers })
  await quotes.settled()
  apply({ kind: 'setEnv', blockNumber: 2, timestamp: 102 })
  await quotes.settled()
  expect(made).toBe(100)
  const shown = [...quotes.collection.entries()].map(([, { ioRatio }]) => display(ioRatio ?? parse('-1')))
  expect(new Set(shown)).toEqual(new Set(['102']))
  quotes.close()
  workers.close()
})
