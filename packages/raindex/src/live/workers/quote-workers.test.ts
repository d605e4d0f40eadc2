import { createIntake, createReplica, systemClock } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import { afterEach, expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  qualifiedNamespace,
  raindexTables,
  replicaState,
  type EvaluationHost,
  type Mutation,
  type Order,
} from '../../engine/index.ts'
import { floatToHex, parse } from '../../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../../testing/fixture-order.ts'
import { marketCode, marketOrderbook } from '../../testing/replay-market.ts'
import { op, testProgram } from '../../testing/test-program.ts'
import type { WorkerPort } from '../../worker/worker-port.ts'
import { openQuotes, type Quotes } from '../open-quotes.ts'
import { quoteId } from '../quote-entry.ts'
import type { QuoteWorkers } from '../quote-workers.ts'
import { createQuoteWorkers } from './create-quote-workers.ts'

/** Workers start in seconds on a machine that is busy. */
const patient = { timeout: 60_000 }
const pair = { inputIOIndex: 0, outputIOIndex: 0 } as const
const counterparty = addressOf(0)
const start = 1_700_000_000
const push = (text: string): string => op.push(floatToHex(parse(text)))
const price = [push('1e9'), op.time, op.divFloat]
const word = (number: number) => `0x${number.toString(16).padStart(64, '0')}` as const
const key = wordOf(0x33)

/** Orders that all read the time: most of them a word too, some another word each second, and some revert. */
function orderOf(number: number): Order {
  const kinds = [
    [push('3'), ...price, op.push(key), op.get, op.addFloat],
    [push('3'), ...price],
    [push('3'), op.time, op.get],
    [op.time, op.revert],
  ]
  const calculate = kinds[number % 16 === 15 ? 2 + ((number >> 4) % 2) : number % 2] ?? []
  return {
    ...fixtureOrder,
    evaluable: { ...fixtureOrder.evaluable, bytecode: testProgram(calculate) },
    validInputs: [{ token: addressOf(0x10), vaultId: word(number) }],
    validOutputs: [{ token: addressOf(0x20), vaultId: word(number) }],
    nonce: word(number),
  }
}

const orders = Array.from({ length: 100 }, (_, number) => orderOf(number))
const idOf = (order: Order): string => quoteId({ order: hashOrder(order), ...pair })

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function openBook() {
  const intake = createIntake({ projection: createRaindexProjection('v5'), isReady: () => true })
  const replica = createReplica<Mutation>({ name: 'book', tables: raindexTables, intake })
  const apply = (...facts: readonly Mutation[]): void => {
    const after = replica.position
    replica.apply({ kind: 'log', after, upTo: after + 1, facts })
  }
  const cache = createStaticCodeCache(marketCode)
  const { address } = marketOrderbook
  const options = { cache, chainId: 1n, orderbook: address }
  const interpreter = createEvmInterpreter({ ...options, engine: await createWasmEvm() })
  const host: EvaluationHost = { orderbook: marketOrderbook, interpreter }
  const tokens = [0x10, 0x20].map((byte) => ({ token: addressOf(byte), decimals: 18 }))
  const deltas = orders.flatMap(({ owner, validOutputs }) =>
    validOutputs.map((io) => ({ owner, ...io, delta: parse('5') })),
  )
  apply(
    { kind: 'setEnv', blockNumber: 10, timestamp: start },
    { kind: 'setTokenDecimals', tokens },
    { kind: 'setOrders', orders },
    { kind: 'vaultDeltas', deltas },
  )
  return { replica, apply, host, options, state: replicaState(replica) }
}

type Book = Awaited<ReturnType<typeof openBook>>

function open({ replica, host }: Book, workers: QuoteWorkers): Quotes {
  const quotes = openQuotes({ replica, host, clock: systemClock, workers })
  closing.push(quotes.close, workers.close)
  return quotes
}

/** The quotes are those that this thread would make now. */
async function expectFresh({ host, state }: Book, quotes: Quotes, live: readonly Order[]): Promise<void> {
  expect(quotes.collection.size).toBe(live.length)
  for (const order of live) {
    const row = quotes.collection.get(idOf(order))
    const fresh = await quoteOrder(host, state, { order: hashOrder(order), ...pair, counterparty })
    expect(row).toMatchObject({ asOf: state.env, stale: false })
    const expected =
      fresh.kind === 'quote' ? [fresh.ioRatio, fresh.outputMax, null] : [null, null, fresh.reason]
    expect([row?.ioRatio, row?.outputMax, row?.reason]).toEqual(expected)
  }
}

/** Counts what workers are asked and what they can say. */
function counted(workers: QuoteWorkers) {
  const count = { asked: 0, made: 0 }
  const run: QuoteWorkers['run'] = async (...args) => {
    const runs = await workers.run(...args)
    count.asked += args[1].length
    count.made += runs.filter((one) => one !== undefined).length
    return runs
  }
  return { count, workers: { ...workers, run } }
}

test(
  '[RX38] workers make the quotes that this thread would make, through changes of everything',
  patient,
  async () => {
    const book = await openBook()
    const { count, workers } = counted(createQuoteWorkers(book.options))
    const quotes = open(book, workers)
    await quotes.settled()
    await expectFresh(book, quotes, orders)
    expect(count.asked).toBe(0)

    const next = (second: number, ...facts: readonly Mutation[]): Promise<void> => {
      book.apply({ kind: 'setEnv', blockNumber: 10 + second, timestamp: start + second }, ...facts)
      return quotes.settled()
    }
    await next(1)
    await expectFresh(book, quotes, orders)
    expect(count.made).toBeGreaterThan(85)

    const [first] = orders
    if (first === undefined) throw new Error('no order')
    const { store } = first.evaluable
    const fqn = qualifiedNamespace(first.owner, marketOrderbook.address)
    await next(2, {
      kind: 'applyStore',
      sets: [{ store, fqn, kvs: [{ key, value: floatToHex(parse('0.5')) }] }],
    })
    await expectFresh(book, quotes, orders)
    const deltas = [3, 4, 5].flatMap((at) =>
      (orders[at]?.validOutputs ?? []).map((io) => ({ owner: first.owner, ...io, delta: parse('-3') })),
    )
    await next(3, { kind: 'vaultDeltas', deltas })
    await next(4)
    await expectFresh(book, quotes, orders)
    // Words that were never read before, set in the block in which they are.
    const kvs = [{ key: word(start + 5), value: floatToHex(parse('7')) }]
    await next(5, { kind: 'applyStore', sets: [{ store, fqn, kvs }] })
    await expectFresh(book, quotes, orders)

    const gone = orders.slice(0, 20)
    const rest = orders.slice(20)
    await next(6, { kind: 'removeOrders', orderHashes: gone.map(hashOrder) })
    await expectFresh(book, quotes, rest)
    await next(7, { kind: 'setOrders', orders: gone.slice(0, 10) })
    await next(8)
    await expectFresh(book, quotes, [...rest, ...gone.slice(0, 10)])
  },
)

test('[RX38] blocks that come faster than workers answer leave the quotes of the last', patient, async () => {
  const book = await openBook()
  const quotes = open(book, createQuoteWorkers(book.options))
  await quotes.settled()
  for (let second = 1; second <= 12; second++) {
    book.apply({ kind: 'setEnv', blockNumber: 10 + second, timestamp: start + second })
    if (second % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await quotes.settled()
  await expectFresh(book, quotes, orders)
})

test(
  '[RX38] what is in focus is quoted here and shown first, and workers get the rest',
  patient,
  async () => {
    const book = await openBook()
    const asked: number[][] = []
    const answers = Promise.withResolvers<void>()
    let slots = 0
    const workers: QuoteWorkers = {
      size: 2,
      takeSlot: () => slots++,
      freeSlot: () => {},
      async run(_, jobs) {
        asked.push(jobs.map(({ slot }) => slot))
        await answers.promise
        return []
      },
      close: () => {},
    }
    const quotes = open(book, workers)
    await quotes.settled()
    const focused = [95, 80, 70].flatMap((at) => orders[at] ?? [])
    quotes.focus(focused.map(idOf))
    book.apply({ kind: 'setEnv', blockNumber: 11, timestamp: start + 1 })
    await expect.poll(() => asked.flat().length, patient).toBeGreaterThan(64)
    const stale = () => focused.filter((order) => quotes.collection.get(idOf(order))?.stale)
    await expect.poll(stale, patient).toEqual([])
    expect(asked.flat()).not.toContain(95)
    expect(quotes.collection.get(idOf(orders[0] ?? fixtureOrder))?.stale).toBe(true)
    // They can say nothing, so that all is quoted here.
    answers.resolve()
    await quotes.settled()
    await expectFresh(book, quotes, orders)
  },
)

test('[RX38] what a worker that breaks had is quoted here', patient, async () => {
  const book = await openBook()
  let fail: (cause: unknown) => void = () => {}
  let posted = 0
  const port: WorkerPort = {
    post: () => void posted++,
    onMessage: () => {},
    onFailure: (listener) => void (fail = listener),
    terminate: () => {},
  }
  const quotes = open(book, createQuoteWorkers({ ...book.options, workers: 1, startWorker: () => port }))
  await quotes.settled()
  book.apply({ kind: 'setEnv', blockNumber: 11, timestamp: start + 1 })
  await expect.poll(() => posted, patient).toBeGreaterThan(2)
  fail(new Error('out of memory'))
  await quotes.settled()
  await expectFresh(book, quotes, orders)
  book.apply({ kind: 'setEnv', blockNumber: 12, timestamp: start + 2 })
  await quotes.settled()
  await expectFresh(book, quotes, orders)
})
