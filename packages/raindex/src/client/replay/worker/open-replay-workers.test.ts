import { afterEach, expect, test } from 'vitest'
import { hashOrder } from '../../../engine/index.ts'
import { addressOf } from '../../../testing/fixture-order.ts'
import { auction, lastTradeKey, storedAsk } from '../../../testing/market-orders.ts'
import { marketTokens, replayMarket } from '../../../testing/market-replay.ts'
import { storyStart, timeWord } from '../../../testing/market-story.ts'
import { marketCode, marketOrderbook, openReplayMarket } from '../../../testing/replay-market.ts'
import type { ReplayProgress } from '../open-replay.ts'
import { openReplayWorkers, type ReplayWorkers } from './open-replay-workers.ts'
import type { ReplayBook } from './replay-book.ts'
import type { ReplayPort } from './replay-port.ts'

const order = auction(1)
const counterparty = addressOf(0xe1)
const request = { order: hashOrder(order), counterparty, from: storyStart - 5, to: storyStart + 301 }

let opened: ReplayWorkers | undefined
afterEach(() => opened?.close())

const market = await openReplayMarket(storyStart)
for (const each of [order, storedAsk(3)]) market.add(each, [[lastTradeKey, timeWord(storyStart)]])
for (const output of order.validOutputs) market.deposit(order, output, '5')
for (const second of [50, 120, 200]) {
  market.goTo(storyStart + second)
  await market.take(order, '0.25')
}
market.goTo(storyStart + 300)

const book: ReplayBook = {
  orderbook: marketOrderbook,
  chainId: 1,
  tokens: marketTokens,
  head: market.head,
  source: { kind: 'logs', logs: market.logs },
  code: marketCode,
}

test('[RP4] one worker, three workers and no worker give the same run', async () => {
  const plain = await replayMarket(market)
  const expected = await plain.run(request)
  for (const workers of [1, 3]) {
    const replay = await openReplayWorkers(book, { workers })
    expect(await replay.run(request), `${workers} workers`).toEqual(expected)
    const stepped = { ...request, stepSeconds: 7 }
    expect(await replay.run(stepped), `${workers} workers`).toEqual(await plain.run(stepped))
    expect(replay.orders()).toEqual(plain.orders())
    expect(replay.range).toEqual(plain.range)
    replay.close()
  }
})

test('[RP8] a worker looks into a second as the thread itself does', async () => {
  opened = await openReplayWorkers(book)
  const plain = await replayMarket(market)
  const subject = { ...request, inputIOIndex: 0, outputIOIndex: 0 }
  expect(await opened.inspect(subject, storyStart + 60)).toEqual(
    await plain.inspect(subject, storyStart + 60),
  )
})

test('[RP9] workers tell how far they are together, and stop when they are told to', async () => {
  opened = await openReplayWorkers(book, { workers: 2 })
  const seen: ReplayProgress[] = []
  await opened.run(request, { onProgress: (progress) => seen.push(progress) })
  expect(seen.at(-1)).toMatchObject({ points: 307, of: 307 })

  const abort = new AbortController()
  const run = opened.run(request, { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(run).rejects.toThrow('enough')
  await expect(opened.run(request, { signal: abort.signal })).rejects.toThrow('enough')
  expect((await opened.run(request)).series).toHaveLength(1)
})

test('[RP6] a refusal crosses from the worker with its code', async () => {
  opened = await openReplayWorkers(book)
  await expect(opened.run({ ...request, to: 0 })).rejects.toMatchObject({
    code: 'replay/bad-range',
    kind: 'usage',
  })
  const blocks = [2, 1].map((number) => ({ number, timestamp: 1, mutations: [], events: [] }))
  const backwards = { ...book, source: { kind: 'blocks', blocks } }
  await expect(openReplayWorkers(backwards)).rejects.toMatchObject({ code: 'replay/bad-history' })
})

test('[RP9] a worker that breaks, and one that is closed, leave no call waiting', async () => {
  const fake = fakeWorker()
  const opening = openReplayWorkers(book, { startWorker: () => fake.port })
  fake.answer({ kind: 'done', call: 1, value: { range: {}, orders: [] } })
  const replay = await opening
  const run = replay.run(request)
  fake.fail(new Error('out of memory'))
  await expect(run).rejects.toMatchObject({ code: 'replay/worker-failed', cause: new Error('out of memory') })
  await expect(replay.run(request)).rejects.toMatchObject({ code: 'replay/worker-failed' })

  opened = await openReplayWorkers(book)
  const waiting = opened.run(request)
  opened.close()
  await expect(waiting).rejects.toMatchObject({ code: 'replay/closed' })
})

function fakeWorker(): {
  readonly port: ReplayPort
  answer(message: unknown): void
  fail(cause: unknown): void
} {
  let onMessage: (message: unknown) => void = () => {}
  let onFailure: (cause: unknown) => void = () => {}
  return {
    port: {
      post: () => {},
      onMessage: (listener) => void (onMessage = listener),
      onFailure: (listener) => void (onFailure = listener),
      terminate: () => {},
    },
    answer: (message) => onMessage(message),
    fail: (cause) => onFailure(cause),
  }
}
