import { createWasmEvm } from '@freshet/evm'
import { expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  hashOrder,
  mutationToJson,
  type Order,
} from '../engine/index.ts'
import { display, parse } from '../float/index.ts'
import { contractCode } from '../testing/compile-contracts.ts'
import { addressOf, fixtureOrder } from '../testing/fixture-order.ts'
import { word } from '../testing/scripted-interpreter.ts'
import { op, testProgram } from '../testing/test-program.ts'
import { openLiveVirtualRaindex } from './live-raindex.ts'
import { createStubSyncEngine, stubStepsFromJson } from './stub-engine.ts'

const order: Order = {
  ...fixtureOrder,
  evaluable: { ...fixtureOrder.evaluable, bytecode: testProgram([op.push(word('10')), op.number]) },
}
const { interpreter, store } = order.evaluable
const [output] = fixtureOrder.validOutputs
const deltas = output ? [{ owner: order.owner, ...output, delta: parse('4') }] : []
const decimals = [addressOf(0x10), addressOf(0x20)].map((token) => ({ token, decimals: 18 }))

const script = JSON.stringify([
  { cursor: 1, env: { block_number: 100, timestamp: 1_700_000_000 } },
  { cursor: 2, orders: ['mine'], pending: [{ kind: 'interpreter', address: interpreter }] },
  {
    cursor: 3,
    env: { block_number: 101 },
    mutations: [
      { kind: 'setTokenDecimals', tokens: decimals },
      mutationToJson({ kind: 'vaultDeltas', deltas }),
    ],
  },
  {
    cursor: 4,
    bytecode: [
      { kind: 'interpreter', address: interpreter, bytecode: contractCode('Interpreter') },
      { kind: 'store', address: store, bytecode: contractCode('WordStore') },
    ],
  },
  { cursor: 5, env: { block_number: 102 } },
  { heartbeat: true },
])

test('[RX30] [RX34] quotes are held back until the book is ready, then follow each block', async () => {
  const codeCache = createStaticCodeCache()
  const orderbook = { address: addressOf(0x11), version: 'v5' } as const
  const evm = { engine: await createWasmEvm(), cache: codeCache, chainId: 1n, orderbook: orderbook.address }
  const live = await openLiveVirtualRaindex({
    chainId: 1,
    orderbook,
    syncEngine: createStubSyncEngine(stubStepsFromJson(script, { orders: { mine: order } })),
    codeCache,
    host: createEvmInterpreter(evm),
  })
  const request = {
    order: hashOrder(order),
    inputIOIndex: 0,
    outputIOIndex: 0,
    counterparty: addressOf(0xe1),
  }
  const stream: string[] = []
  for (let poll = 0; poll < 6; poll++) {
    const { advisories, phase } = await live.syncOnce()
    if (!advisories.includes('Ready')) {
      stream.push(phase)
      continue
    }
    const quote = await live.quote(request)
    stream.push(
      quote.kind === 'quote' ? `${display(quote.outputMax)} @ ${display(quote.ioRatio)}` : quote.reason.kind,
    )
  }
  expect(stream).toEqual([
    'OrderNotFound',
    'PendingArtifacts',
    'PendingArtifacts',
    '4 @ 101',
    '4 @ 102',
    '4 @ 102',
  ])
  const quotes = live.openQuotes({ counterparty: request.counterparty })
  await quotes.settled()
  expect(
    [...quotes.collection.entries()].map(([, row]) => [row.order, row.stale, row.asOf?.blockNumber]),
  ).toEqual([[request.order, false, 102]])
  quotes.close()
})
