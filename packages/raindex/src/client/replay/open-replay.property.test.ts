import { createWasmEvm } from '@freshet/evm'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import {
  createEvmInterpreter,
  createRaindexProjection,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  replayLogs,
  rowState,
  type EvaluationHost,
  type QuoteOutcome,
} from '../../engine/index.ts'
import { floatToHex } from '../../float/index.ts'
import { addressOf } from '../../testing/fixture-order.ts'
import { createMapDraft } from '../../testing/map-draft.ts'
import { marketTokens, replayMarket } from '../../testing/market-replay.ts'
import { randomStory, storyStart, type MarketStory } from '../../testing/market-story.ts'
import { marketCode, marketOrderbook } from '../../testing/replay-market.ts'
import type { ReplaySeries } from './open-replay.ts'

const histories = Number(process.env['FRESHET_REPLAY_HISTORIES'] ?? 4)
const seconds = 120
const counterparty = addressOf(0xe1)
const pair = { inputIOIndex: 0, outputIOIndex: 0 }

for (let seed = 1; seed <= histories; seed++) {
  test(`[RP1] [RP2] every point is what a quote in the state of its second gives, seed ${seed}`, async () => {
    const story = await randomStory(createSeededRandom(seed), seconds)
    const replay = await replayMarket(story.market)
    const plain = await plainHost()
    const kinds = new Map<string, number>()
    for (const order of story.orders) {
      const from = storyStart - 3
      const to = story.market.head.timestamp
      const request = { order: hashOrder(order), counterparty, from, to }
      const run = await replay.run(request).catch(() => undefined)
      // Some orders were never added.
      if (run === undefined) continue
      const [series] = run.series
      const slow: string[] = []
      for (let second = from; second <= to; second++) {
        slow.push(shown(await slowQuote(story, plain, hashOrder(order), second)))
      }
      expect(series && pointsOf(series)).toEqual(slow)
      const stepSeconds = 2 + (seed % 5)
      const [stepped] = (await replay.run({ ...request, stepSeconds })).series
      expect(stepped && pointsOf(stepped)).toEqual(slow.filter((_, i) => i % stepSeconds === 0))
      const [byBlock] = (await replay.run({ ...request, clock: 'block' })).series
      const slowByBlock: string[] = []
      for (let second = from; second <= to; second++) {
        // The market makes a block every other second; before its first log there is no order to see the time.
        const time = storyStart + 2 * Math.floor((second - storyStart) / 2)
        slowByBlock.push(shown(await slowQuote(story, plain, hashOrder(order), second, time)))
      }
      expect(byBlock && pointsOf(byBlock)).toEqual(slowByBlock)
      for (const { kind } of series?.markers ?? []) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      const quoted = slow.filter((text) => text.includes('@')).length
      kinds.set('quoted', (kinds.get('quoted') ?? 0) + quoted)
    }
    // A story in which nothing happens proves nothing.
    expect(kinds.get('quoted')).toBeGreaterThan(100)
    expect(kinds.get('take')).toBeGreaterThan(1)
  })
}

async function plainHost(): Promise<EvaluationHost> {
  const options = { engine: await createWasmEvm(), cache: createStaticCodeCache(marketCode), chainId: 1n }
  return {
    orderbook: marketOrderbook,
    interpreter: createEvmInterpreter({ ...options, orderbook: marketOrderbook.address }),
  }
}

/** Folds all logs up to a second from the start, with the block of that second as the market makes blocks. */
async function slowQuote(
  { market }: MarketStory,
  host: EvaluationHost,
  order: `0x${string}`,
  second: number,
  timestamp = second,
): Promise<QuoteOutcome> {
  const draft = createMapDraft()
  const logs = market.logs.filter(({ blockTimestamp = 0 }) => blockTimestamp <= second)
  const { blocks } = replayLogs(logs, marketOrderbook, { decimalsOf: () => 18 })
  createRaindexProjection('v5').apply(draft, [
    { kind: 'setTokenDecimals', tokens: marketTokens },
    ...blocks.flatMap(({ mutations }) => mutations),
    { kind: 'setEnv', blockNumber: 1_000 + Math.floor((second - storyStart) / 2), timestamp },
  ])
  return quoteOrder(host, rowState(draft.get), { order, ...pair, counterparty })
}

function shown(outcome: QuoteOutcome): string {
  if (outcome.kind === 'not-comparable') return outcome.reason.kind
  return `${floatToHex(outcome.outputMax)} @ ${floatToHex(outcome.ioRatio)}`
}

function pointsOf({ columns, results }: ReplaySeries): readonly string[] {
  return [...columns.result].map((index) => {
    const result = results[index]
    if (result?.kind === 'quote') return `${result.outputMax} @ ${result.ioRatio}`
    return result?.reason.kind ?? 'nothing'
  })
}
