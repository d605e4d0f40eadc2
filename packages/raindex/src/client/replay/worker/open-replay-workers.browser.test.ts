import { expect, test } from 'vitest'
import { hashOrder, qualifiedNamespace, type Mutation } from '../../../engine/index.ts'
import { parse } from '../../../float/index.ts'
import { contractCode } from '../../../testing/compile-contracts.ts'
import { addressOf } from '../../../testing/fixture-order.ts'
import { auction, lastTradeKey, usdc, weth } from '../../../testing/market-orders.ts'
import { pointsToCsv } from '../replay-csv.ts'
import type { HistoryBlock } from '../replay-history.ts'
import { openReplayWorkers } from './open-replay-workers.ts'
import { openReplayBook, type ReplayBook } from './replay-book.ts'

const start = 1_700_000_000
const order = auction(1)
const orderbook = { address: addressOf(0x99), version: 'v5' } as const
const { interpreter, store } = order.evaluable

function tradeAt(second: number): Mutation {
  const fqn = qualifiedNamespace(order.owner, orderbook.address)
  const value = `0x${second.toString(16).padStart(64, '0')}` as const
  return { kind: 'applyStore', sets: [{ store, fqn, kvs: [{ key: lastTradeKey, value }] }] }
}

const deltas = order.validOutputs.map((io) => ({ owner: order.owner, ...io, delta: parse('5') }))
const blocks: readonly HistoryBlock[] = [
  {
    number: 10,
    timestamp: start,
    mutations: [{ kind: 'setOrders', orders: [order] }, { kind: 'vaultDeltas', deltas }, tradeAt(start)],
    events: [],
  },
  { number: 60, timestamp: start + 100, mutations: [tradeAt(start + 100)], events: [] },
]

const book: ReplayBook = {
  orderbook,
  chainId: 1,
  tokens: [weth, usdc].map((token) => ({ token, decimals: 18 })),
  head: { number: 160, timestamp: start + 300 },
  source: { kind: 'blocks', blocks },
  code: [
    { kind: 'Interpreter', address: interpreter, bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: store, bytecode: contractCode('WordStore') },
  ],
}

test('[RP4] workers of a browser give the run that the page itself gives', async () => {
  const request = {
    order: hashOrder(order),
    counterparty: addressOf(0xe1),
    from: start - 5,
    to: start + 305,
  }
  const plain = await (await openReplayBook(book)).run(request)
  const text = pointsToCsv(plain)
  expect(text).toContain('3199.95,0.5,,')
  for (const workers of [1, 2]) {
    const replay = await openReplayWorkers(book, { workers })
    expect(pointsToCsv(await replay.run(request)), `${workers} workers`).toBe(text)
    replay.close()
  }
})

test('[RP9] a run in a browser’s worker stops when it is told to', async () => {
  const replay = await openReplayWorkers(book)
  const abort = new AbortController()
  const request = { order: hashOrder(order), counterparty: addressOf(0xe1), from: start, to: start + 300 }
  const run = replay.run(request, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(run).rejects.toThrow('enough')
  replay.close()
})
