import { createWasmEvm } from '@freshet/evm'
import { createReferenceEvm } from '@freshet/evm/reference'
import { expect, test } from 'vitest'
import { display, parse } from '../float/index.ts'
import { contractCode } from '../testing/compile-contracts.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { fixtureState } from '../testing/fixture-state.ts'
import { word } from '../testing/scripted-interpreter.ts'
import { op, testProgram } from '../testing/test-program.ts'
import { createStaticCodeCache, type StaticCodeCache } from './code-cache.ts'
import { createEvmInterpreter } from './evm-interpreter.ts'
import type { Bytes32 } from './hex.ts'
import type { Interpreter } from './interpreter.ts'
import type { Mutation } from './mutation.ts'
import { qualifiedNamespace } from './namespace.ts'
import { hashOrder, type Order } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { quoteOrder, type QuoteOutcome } from './quote.ts'
import { simulateTakeOrders } from './take-orders.ts'

const orderbook = { address: addressOf(0xab), version: 'v5' } as const
const { interpreter, store } = fixtureOrder.evaluable
const fqn = qualifiedNamespace(fixtureOrder.owner, orderbook.address)
const engines = [
  ['WebAssembly', createWasmEvm],
  ['the reference', createReferenceEvm],
] as const

test.each(engines)('[RX22] on %s a program leaves its maximum below its ratio', async (_, make) => {
  const host = await open(make)
  const order = orderOf([op.push(word('10')), op.push(word('20'))])
  expect(await quoted(host, order)).toBe('5 @ 20')
})

test.each(engines)(
  '[RX22] on %s a program reads the clock, the chain, the caller and its context',
  async (_, make) => {
    const host = await open(make)
    const env: Mutation = { kind: 'setEnv', blockNumber: 5678, timestamp: 1234 }
    const clock = orderOf([op.number, op.time])
    expect(await quoted(host, clock, [env], '1000000')).toBe('5678 @ 1234')
    const chain = await quoteOf(host, orderOf([op.caller, op.chainId]))
    expect(chain).toMatchObject({ ioRatio: parse('42161') })
    expect(chain.kind === 'quote' && chain.reads).toEqual([])
    const vaults = await quoteOf(host, orderOf([op.context(4, 3), op.context(3, 1)]))
    expect(vaults).toMatchObject({ ioRatio: parse('18'), outputMax: parse('5') })
  },
)

test.each(engines)(
  '[RX22] on %s words of the store come from the state, and writes are returned',
  async (_, make) => {
    const host = await open(make)
    const order = orderOf([
      op.push(word('3')),
      op.push(wordOf(7)),
      op.get,
      op.push(wordOf(8)),
      op.push(wordOf(9)),
      op.set,
    ])
    const kvs = [{ key: wordOf(7), value: word('2') }]
    const outcome = await quoteOf(host, order, [{ kind: 'applyStore', sets: [{ store, fqn, kvs }] }])
    expect(outcome).toMatchObject({
      ioRatio: parse('2'),
      reads: [{ key: wordOf(7), value: word('2') }],
      writes: [wordOf(8), wordOf(9)],
    })
  },
)

test.each(engines)('[RX22] on %s a take runs both programs, handle-io after all orders', async (_, make) => {
  const host = await open(make)
  const counter = wordOf(1)
  const orders = [1, 2].map((nonce) => ({
    ...orderOf(
      [op.push(word('1')), op.push(counter), op.get, op.push(word('2')), op.add],
      [op.push(counter), op.push(counter), op.get, op.push(word('1')), op.add, op.set],
    ),
    nonce: wordOf(nonce),
  }))
  const outcome = await simulateTakeOrders(host, fixtureState({ orders }), {
    orders: orders.map((order) => ({ order, inputIOIndex: 0, outputIOIndex: 0 })),
    minimumIO: parse('0'),
    maximumIO: parse('1.5'),
    maximumIORatio: parse('10'),
    taker: addressOf(0xdd),
  })
  const words = [[word('1')], [word('2')]].map(([value]) => ({ store, fqn, kvs: [{ key: counter, value }] }))
  expect(outcome.kind === 'taken' && [display(outcome.totalInput), display(outcome.totalOutput)]).toEqual([
    '1.5',
    '3',
  ])
  expect(outcome).toMatchObject({ mutations: [{ kind: 'vaultDeltas' }, { kind: 'applyStore', sets: words }] })
})

test.each(engines)(
  '[RX22] on %s a revert carries its data, and an endless program its gas limit',
  async (_, make) => {
    const host = await open(make)
    const reverting = await quoteOf(host, orderOf([op.push(wordOf(0xee)), op.revert]))
    expect(reverting).toEqual({ kind: 'not-comparable', reason: { kind: 'Reverted', data: wordOf(0xee) } })
    const panic = await quoteOf(host, orderOf([op.context(2, 0)]))
    expect(panic).toMatchObject({ reason: { kind: 'Reverted', data: `0x4e487b71${'0'.repeat(62)}32` } })
    const endless = await quoteOf(host, orderOf([op.spin]))
    expect(endless).toEqual({
      kind: 'not-comparable',
      reason: { kind: 'GasExhausted', gasLimit: 5_000_000n },
    })
  },
)

test.each(engines)(
  '[RX23] on %s a look at a contract that is not loaded is named, never zero',
  async (_, make) => {
    const cache = fullCache()
    const host = await open(make, cache)
    const token = addressOf(0x66)
    const asking = orderOf([op.push(word('1')), op.push(`0x${'0'.repeat(24)}${token.slice(2)}`), op.ask])
    expect(await quoteOf(host, asking)).toMatchObject({ reason: { kind: 'ExternalAccount', address: token } })
    // Loaded, it answers: this code returns 42 to anything.
    cache.upsert({ kind: 'Aux', address: token, bytecode: '0x602a60005260206000f3' })
    expect(await quoteOf(host, asking)).toMatchObject({ kind: 'quote', ioRatio: parse('42') })
  },
)

test.each(engines)(
  '[RX23] on %s code that is not loaded is named, the interpreter before the store',
  async (_, make) => {
    const cache = createStaticCodeCache()
    const host = await open(make, cache)
    const order = orderOf([op.push(word('10')), op.push(word('20'))])
    const missing = (address: string, codeKind: string) => ({
      reason: { kind: 'MissingBytecode', address, codeKind },
    })
    expect(await quoteOf(host, order)).toMatchObject(missing(interpreter, 'Interpreter'))
    cache.upsert({ kind: 'Interpreter', address: interpreter, bytecode: contractCode('Interpreter') })
    expect(await quoteOf(host, order)).toMatchObject(missing(store, 'Store'))
    cache.upsert({ kind: 'Store', address: store, bytecode: contractCode('WordStore') })
    expect(await quoted(host, order)).toBe('5 @ 20')
  },
)

test.each(engines)(
  '[RX22] on %s what is no answer of an interpreter reverts without data',
  async (_, make) => {
    const cache = createStaticCodeCache([
      { kind: 'Interpreter', address: interpreter, bytecode: '0x60ff60005260206000f3' },
      { kind: 'Store', address: store, bytecode: '0x00' },
    ])
    expect(await quoteOf(await open(make, cache), orderOf([]))).toMatchObject({
      reason: { kind: 'Reverted', data: '0x' },
    })
  },
)

test.each(engines)('[RX22] on %s quotes asked at once do not mix', async (_, make) => {
  const host = await open(make)
  const order = orderOf([op.push(word('1')), op.push(wordOf(7)), op.get])
  const quotes = [1, 2, 3, 4, 5].map(async (value) => {
    const kvs = [{ key: wordOf(7), value: word(String(value)) }]
    return quoted(host, order, [{ kind: 'applyStore', sets: [{ store, fqn, kvs }] }])
  })
  expect(await Promise.all(quotes)).toEqual(['1 @ 1', '1 @ 2', '1 @ 3', '1 @ 4', '1 @ 5'])
})

test('[RX22] more than a thousand words of one namespace cost no gas', async () => {
  const host = await open(createWasmEvm)
  const kvs = Array.from({ length: 1_500 }, (_, key) => ({
    key: word(String(key)),
    value: word(String(key)),
  }))
  const order = orderOf([op.push(word('1')), op.push(word('1234')), op.get])
  expect(await quoted(host, order, [{ kind: 'applyStore', sets: [{ store, fqn, kvs }] }])).toBe('1 @ 1234')
})

type Host = { readonly orderbook: typeof orderbook; readonly interpreter: Interpreter }

async function open(make: (typeof engines)[number][1], cache: StaticCodeCache = fullCache()): Promise<Host> {
  const engine = await make()
  return {
    orderbook,
    interpreter: createEvmInterpreter({ engine, cache, chainId: 42161n, orderbook: orderbook.address }),
  }
}

function fullCache(): StaticCodeCache {
  return createStaticCodeCache([
    { kind: 'Interpreter', address: interpreter, bytecode: contractCode('Interpreter') },
    { kind: 'Store', address: store, bytecode: contractCode('WordStore') },
  ])
}

function orderOf(calculate: readonly string[], handle: readonly string[] = []): Order {
  return {
    ...fixtureOrder,
    evaluable: { ...fixtureOrder.evaluable, bytecode: testProgram(calculate, handle) },
  }
}

function quoteOf(
  host: Host,
  order: Order,
  mutations: readonly Mutation[] = [],
  balance = '5',
): Promise<QuoteOutcome> {
  const state: OrderbookState = fixtureState({ orders: [order], mutations, balance })
  const hash: Bytes32 = hashOrder(order)
  return quoteOrder(host, state, {
    order: hash,
    inputIOIndex: 0,
    outputIOIndex: 0,
    counterparty: addressOf(0xe1),
  })
}

async function quoted(...args: Parameters<typeof quoteOf>): Promise<string> {
  const outcome = await quoteOf(...args)
  return outcome.kind === 'quote'
    ? `${display(outcome.outputMax)} @ ${display(outcome.ioRatio)}`
    : JSON.stringify(outcome.reason)
}
