import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { hashOrder, type Mutation } from '../../engine/index.ts'
import { parse } from '../../float/index.ts'
import { addressOf, wordOf } from '../../testing/fixture-order.ts'
import { auction, fixedAsk, weth } from '../../testing/market-orders.ts'
import { marketTokens, replayMarket } from '../../testing/market-replay.ts'
import { randomStory, storyStart } from '../../testing/market-story.ts'
import { marketOrderbook } from '../../testing/replay-market.ts'
import type { HistoryBlock, ReplayHistory } from './replay-history.ts'
import { markersToCsv, pointsToCsv } from './replay-csv.ts'
import { findReplayScope } from './replay-scope.ts'
import { readTimeline } from './timeline.ts'

const counterparty = addressOf(0xe1)
const pair = { inputIOIndex: 0, outputIOIndex: 0 }

test.each([1, 2])('[RP13] a replay of one order is that of the whole history, story %i', async (seed) => {
  const { market, orders } = await randomStory(createSeededRandom(seed), 120)
  const whole = await replayMarket(market)
  const added = new Set(whole.orders().map(hashOrder))
  const range = { counterparty, from: storyStart - 3, to: market.head.timestamp, stepSeconds: 5 }
  for (const [at, order] of orders.filter((one) => added.has(hashOrder(one))).entries()) {
    const hash = hashOrder(order)
    // By its hash and as it is.
    const replay = await replayMarket(market, { orders: [at % 2 === 0 ? hash : order] })
    expect(replay.orders().map(hashOrder)).toEqual([hash])
    const [expected, run] = [
      await whole.run({ order: hash, ...range }),
      await replay.run({ order: hash, ...range }),
    ]
    expect(pointsToCsv(run)).toBe(pointsToCsv(expected))
    expect(markersToCsv(run)).toBe(markersToCsv(expected))
    const subject = { order: hash, counterparty, ...pair }
    expect(await replay.inspect(subject, storyStart + 50)).toEqual(
      await whole.inspect(subject, storyStart + 50),
    )
  }
})

test('[RP13] what other orders did leaves nothing behind but the state', async () => {
  const [own, other] = [auction(1), fixedAsk(2, '3000')]
  const deposit = (owner: typeof own.owner, vaultId: typeof own.nonce): Mutation => ({
    kind: 'vaultDeltas',
    deltas: [{ owner, token: weth, vaultId, delta: parse('1') }],
  })
  const blocks = Array.from({ length: 1_000 }, (_, number): HistoryBlock => {
    const owner = number % 100 === 0 ? own.owner : other.owner
    const vaultId = number % 100 === 0 ? wordOf(1) : wordOf(2)
    const added: readonly Mutation[] = number === 7 ? [{ kind: 'setOrders', orders: [own, other] }] : []
    const event = { kind: 'DepositV2', sender: owner, token: weth, vaultId, amount: 1n } as const
    return {
      number,
      timestamp: storyStart + number,
      mutations: [...added, deposit(owner, vaultId)],
      events: [{ logIndex: 0, transactionHash: wordOf(3), event }],
    }
  })
  const history: ReplayHistory = {
    orderbook: marketOrderbook,
    chainId: 1,
    head: { number: 1_000, timestamp: storyStart + 1_000 },
    tokens: marketTokens,
    blocks: () => blocks,
  }
  const scope = await findReplayScope(history, [hashOrder(own)], undefined)
  const timeline = await readTimeline(history, scope)
  const kept = [...timeline.rows('vaults').values()].map(({ rows }) => rows.length)
  // Of the order's two vaults one was filled ten times; the others are as they were last.
  expect(kept.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 10])
  expect(timeline.events.flat()).toHaveLength(10)
  expect((await readTimeline(history)).events.flat()).toHaveLength(1_000)
})

test('[RP13] an order that it was not opened for, or is not there, is refused', async () => {
  const { market, orders } = await randomStory(createSeededRandom(1), 30)
  const whole = await replayMarket(market)
  const [first, second] = whole.orders()
  if (first === undefined || second === undefined) throw new Error('The story has too few orders.')
  const replay = await replayMarket(market, { orders: [hashOrder(first)] })
  const request = { counterparty, from: storyStart, to: storyStart + 1 }
  const refusal = expect.objectContaining({ code: 'replay/unknown-order', kind: 'usage' })
  await expect(replay.run({ ...request, order: hashOrder(second) })).rejects.toEqual(refusal)
  await expect(replay.inspect({ order: second, counterparty, ...pair }, storyStart)).rejects.toEqual(refusal)
  await expect(replayMarket(market, { orders: [wordOf(0xfe)] })).rejects.toEqual(refusal)
  expect(orders.length).toBeGreaterThan(1)
})
