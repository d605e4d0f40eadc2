import { createIntake, createReplica, type Replica } from '@freshet/core'
import { createSeededRandom, createVirtualClock } from '@freshet/core/testing'
import { createWasmEvm } from '@freshet/evm'
import { expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  raindexTables,
  replayLogs,
  replicaState,
  type Artifact,
  type Bytes32,
  type EvaluationHost,
  type Mutation,
  type Order,
} from '../engine/index.ts'
import { display, parse } from '../float/index.ts'
import { addressOf, fixtureOrder, wordOf } from '../testing/fixture-order.ts'
import { randomStory, storyStart } from '../testing/market-story.ts'
import { marketCode, marketDecimals, marketOrderbook } from '../testing/replay-market.ts'
import { word } from '../testing/scripted-interpreter.ts'
import { op, testProgram } from '../testing/test-program.ts'
import { openQuotes, type Quotes } from './open-quotes.ts'
import { quoteId } from './quote-entry.ts'

const zeroAddress = addressOf(0)
const pair = { inputIOIndex: 0, outputIOIndex: 0 } as const

/** An order book on a replica, changed a block at a time. */
async function openBook(code: readonly Artifact[] = marketCode) {
  const intake = createIntake({ projection: createRaindexProjection('v5'), isReady: () => true })
  const replica: Replica<Mutation> = createReplica({ name: 'book', tables: raindexTables, intake })
  const cache = createStaticCodeCache(code)
  const { address } = marketOrderbook
  const interpreter = createEvmInterpreter({
    engine: await createWasmEvm(),
    cache,
    chainId: 1n,
    orderbook: address,
  })
  const host: EvaluationHost = { orderbook: marketOrderbook, interpreter }
  const apply = (facts: readonly Mutation[]): void => {
    const after = replica.position
    replica.apply({ kind: 'log', after, upTo: after + 1, facts })
  }
  return { replica, cache, host, apply }
}

type Book = Awaited<ReturnType<typeof openBook>>

function orderOf(number: number, calculate: readonly string[]): Order {
  return {
    ...fixtureOrder,
    evaluable: { ...fixtureOrder.evaluable, bytecode: testProgram(calculate) },
    validInputs: [{ token: addressOf(0x10), vaultId: wordOf(0x80 + number) }],
    validOutputs: [{ token: addressOf(0x20), vaultId: wordOf(number) }],
    nonce: wordOf(number),
  }
}

const fixed = orderOf(1, [op.push(word('10')), op.push(word('2'))])
const timed = orderOf(2, [op.push(word('10')), op.time])
const numbered = orderOf(3, [op.push(word('10')), op.number])
const stored = orderOf(4, [op.push(word('10')), op.push(wordOf(0x33)), op.get])
const all = [fixed, timed, numbered, stored]
const idOf = (order: Order): string => quoteId({ order: hashOrder(order), ...pair })

const opening: readonly Mutation[] = [
  { kind: 'setEnv', blockNumber: 10, timestamp: 100 },
  {
    kind: 'setTokenDecimals',
    tokens: [0x10, 0x20].map((byte) => ({ token: addressOf(byte), decimals: 18 })),
  },
  { kind: 'setOrders', orders: all },
  { kind: 'vaultDeltas', deltas: all.map((order) => depositOf(order, '5')) },
]

function depositOf({ owner, validOutputs: [io] }: Order, amount: string) {
  return { owner, token: io?.token ?? zeroAddress, vaultId: io?.vaultId ?? wordOf(0), delta: parse(amount) }
}

function shown(quotes: Quotes, order: Order): string {
  const row = quotes.collection.get(idOf(order))
  if (row === undefined) return 'gone'
  const { ioRatio, outputMax, reason, stale } = row
  const numbers =
    ioRatio === null || outputMax === null
      ? (reason?.kind ?? 'none')
      : `${display(outputMax)} @ ${display(ioRatio)}`
  return stale ? `${numbers}, stale` : numbers
}

function openStory(book: Book) {
  book.apply(opening)
  const clock = createVirtualClock()
  const quotes = openQuotes({ replica: book.replica, host: book.host, clock })
  const look = () => all.map((order) => shown(quotes, order))
  return { clock, quotes, look }
}

test('[RX36] only what has read something that changed is quoted again, and is stale until then', async () => {
  const book = await openBook()
  const { clock, quotes, look } = openStory(book)
  expect(look()).toEqual(['none, stale', 'none, stale', 'none, stale', 'none, stale'])
  await clock.advance(10)
  expect(look()).toEqual(['5 @ 2', '5 @ 100', '5 @ 10', '5 @ 0'])
  expect(quotes.evaluated).toBe(4)

  book.apply([{ kind: 'vaultDeltas', deltas: [depositOf(fixed, '1')] }])
  expect(look()).toEqual(['5 @ 2, stale', '5 @ 100', '5 @ 10', '5 @ 0'])
  await clock.advance(10)
  expect(look()).toEqual(['6 @ 2', '5 @ 100', '5 @ 10', '5 @ 0'])
  expect(quotes.evaluated).toBe(5)

  // A block of the same second, then a second later in the same block.
  book.apply([{ kind: 'setEnv', blockNumber: 11 }])
  expect(look()).toEqual(['6 @ 2', '5 @ 100', '5 @ 10, stale', '5 @ 0'])
  await clock.advance(10)
  book.apply([{ kind: 'setEnv', timestamp: 101 }])
  expect(look()).toEqual(['6 @ 2', '5 @ 100, stale', '5 @ 11', '5 @ 0'])
  await clock.advance(10)
  expect(quotes.evaluated).toBe(7)

  const fqn = [...(quotes.readSet(idOf(stored))?.rows ?? [])]
    .find((row) => row.startsWith('store/'))
    ?.split('/')[2]
  const kvs = [{ key: wordOf(0x33), value: word('1.5') }]
  // A word of the store's row id is a word.
  const sets = [{ store: stored.evaluable.store, fqn: fqn as Bytes32, kvs }]
  book.apply([{ kind: 'applyStore', sets }])
  await clock.advance(10)
  expect(look()).toEqual(['6 @ 2', '5 @ 101', '5 @ 11', '5 @ 1.5'])
  expect(quotes.evaluated).toBe(8)
  expect(quotes.collection.get(idOf(fixed))?.asOf).toEqual({ blockNumber: 10, timestamp: 100 })
})

test('[RX36] pairs come and go with their orders, and a view over the quotes follows', async () => {
  const book = await openBook()
  const { clock, quotes, look } = openStory(book)
  const view = quotes.collection.view({ order: [{ field: 'ioRatio', direction: 'asc' }] })
  await clock.advance(10)
  expect(view.snapshot().rows.map(({ ioRatio }) => display(ioRatio ?? parse('-1')))).toEqual([
    '0',
    '2',
    '10',
    '100',
  ])
  book.apply([{ kind: 'removeOrders', orderHashes: [hashOrder(timed)] }])
  await clock.advance(10)
  expect(look()).toEqual(['5 @ 2', 'gone', '5 @ 10', '5 @ 0'])
  book.apply([{ kind: 'setOrders', orders: [timed] }])
  await quotesSettled(clock, quotes)
  expect(look()).toEqual(['5 @ 2', '5 @ 100', '5 @ 10', '5 @ 0'])
  quotes.close()
  book.apply([{ kind: 'setEnv', timestamp: 500 }])
  await clock.advance(10)
  expect(look()).toEqual(['5 @ 2', '5 @ 100', '5 @ 10', '5 @ 0'])
})

async function quotesSettled(clock: ReturnType<typeof createVirtualClock>, quotes: Quotes): Promise<void> {
  const settled = quotes.settled()
  await clock.advance(1_000)
  await settled
}

test('[RX37] what is in focus is quoted first, in slices that others get in between', async () => {
  const book = await openBook()
  book.apply(opening)
  const clock = createVirtualClock()
  const quotes = openQuotes({ replica: book.replica, host: book.host, clock, sliceMs: 0 })
  quotes.focus([idOf(stored), idOf(numbered)])
  const done: string[] = []
  quotes.collection.subscribe(({ ids }) => done.push(...(ids === 'all' ? [] : ids)))
  const settled = quotes.settled()
  await clock.advance(100)
  await settled
  expect(done).toEqual([stored, numbered, fixed, timed].map(idOf))
})

test('[RX37] what lacked code is quoted when there is more, and a fault of the host is a reason', async () => {
  const book = await openBook([])
  book.apply(opening)
  const clock = createVirtualClock()
  const quotes = openQuotes({
    replica: book.replica,
    host: book.host,
    clock,
    codeSize: () => book.cache.size,
  })
  await clock.advance(10)
  expect(shown(quotes, fixed)).toBe('MissingBytecode')
  book.cache.ingest(marketCode)
  quotes.refresh()
  expect(shown(quotes, fixed)).toBe('MissingBytecode, stale')
  await clock.advance(10)
  expect(shown(quotes, fixed)).toBe('5 @ 2')

  const faulty: EvaluationHost = {
    ...book.host,
    interpreter: {
      evaluate: () => {
        throw new TypeError('the host broke')
      },
    },
  }
  const broken = openQuotes({ replica: book.replica, host: faulty, clock })
  await clock.advance(10)
  expect(broken.collection.get(idOf(fixed))?.reason).toEqual({ kind: 'HostFault', message: 'the host broke' })
})

test('[RX36] a change in the middle of an evaluation that takes its time is not missed', async () => {
  const book = await openBook()
  book.apply(opening)
  const clock = createVirtualClock()
  const late: EvaluationHost = {
    ...book.host,
    interpreter: {
      evaluate: async (evaluation) => {
        const result = await book.host.interpreter.evaluate(evaluation)
        if (firstTime()) book.apply([{ kind: 'vaultDeltas', deltas: [depositOf(fixed, '1')] }])
        return result
      },
    },
  }
  let times = 0
  const firstTime = (): boolean => times++ === 0
  const quotes = openQuotes({ replica: book.replica, host: late, clock })
  await clock.advance(100)
  expect(shown(quotes, fixed)).toBe('6 @ 2')
})

test.each([1, 2, 3, 4])(
  '[RX36] through random trades the quotes are those of a fresh computation, story %i',
  async (seed) => {
    const { market, orders } = await randomStory(createSeededRandom(seed), 900)
    const book = await openBook()
    const tokens = new Set(
      orders.flatMap((order) => [...order.validInputs, ...order.validOutputs].map((io) => io.token)),
    )
    const decimals = [...tokens].map((token) => ({ token, decimals: marketDecimals }))
    book.apply([
      { kind: 'setTokenDecimals', tokens: decimals },
      { kind: 'setEnv', timestamp: storyStart },
    ])
    const clock = createVirtualClock()
    const quotes = openQuotes({ replica: book.replica, host: book.host, clock })
    const state = replicaState(book.replica)
    let pairs = 0
    const replay = replayLogs(market.logs, marketOrderbook, { decimalsOf: () => marketDecimals })
    for (const { mutations } of replay.blocks) {
      book.apply(mutations)
      await clock.advance(5)
      for (const [, row] of quotes.collection.entries()) {
        pairs++
        const fresh = await quoteOrder(book.host, state, { ...row, counterparty: zeroAddress })
        const expected = fresh.kind === 'quote' ? [fresh.ioRatio, fresh.outputMax] : [null, null]
        expect([row.ioRatio, row.outputMax, row.stale]).toEqual([...expected, false])
        expect(row.reason).toEqual(fresh.kind === 'quote' ? null : fresh.reason)
      }
      expect(quotes.collection.size).toBe(pairsIn(book))
    }
    expect(pairs).toBeGreaterThan(100)
    expect(quotes.evaluated).toBeLessThan(pairs * 0.9)
  },
)

function pairsIn({ replica }: Book): number {
  return replica.collection('orders').size
}
