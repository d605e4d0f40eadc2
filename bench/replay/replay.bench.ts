import { createWasmEvm } from '@freshet/evm'
import {
  createReplayHost,
  historyFromLogs,
  openReplay,
  type Replay,
  type ReplayHistory,
} from '@freshet/raindex/client'
import {
  createEvmInterpreter,
  createStaticCodeCache,
  hashOrder,
  quoteOrder,
  type EvaluationHost,
  type Order,
} from '@freshet/raindex/engine'
import { addressOf } from '../../packages/raindex/src/testing/fixture-order.ts'
import {
  auction,
  fixedAsk,
  lastTradeKey,
  usdc,
  weth,
} from '../../packages/raindex/src/testing/market-orders.ts'
import { timeWord } from '../../packages/raindex/src/testing/market-story.ts'
import {
  marketCode,
  marketOrderbook,
  openReplayMarket,
  type ReplayMarket,
} from '../../packages/raindex/src/testing/replay-market.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const start = 1_700_000_000
const seconds = 3_600
const repeats = 100
const counterparty = addressOf(0xe1)
const pair = { inputIOIndex: 0, outputIOIndex: 0 }

/** An hour in steps of a second, against quoting the same orders as often with the engine alone. */
export async function run(): Promise<readonly BenchRow[]> {
  const [timed, fixed] = [auction(1, '3200', 7_200), fixedAsk(2, '3000')]
  const market = await busyHour(timed, fixed)
  const replay = await replayOf(market)
  const plain = await plainHost()
  const figures = await interleave(
    {
      singles: () => timeOf(() => quoteEachSecond(plain, market, timed)),
      'time-dependent': () => timeOf(() => replayHour(replay, timed)),
      single: async () => (await timeOf(() => quoteEachSecond(plain, market, fixed))) / seconds,
      // As often as makes a round as long as the others.
      constant: async () => (await timeOf(() => replayHours(replay, fixed, repeats))) / repeats,
    },
    { warmUp: 4 },
  )
  const [singles, single] = [median(figures.singles), median(figures.single)]
  const note = `${market.logs.length} logs; a single quote of the auction ${((singles / seconds) * 1_000).toFixed(1)} µs, of the constant order ${(single * 1_000).toFixed(1)} µs`
  return [
    benchRow({
      name: 'replay of a time-dependent order, 1 hour of seconds, times 3,600 quotes',
      measured: median(figures['time-dependent']) / singles,
      bound: 1.5,
      better: 'lower',
      note,
    }),
    benchRow({
      name: 'replay of a constant order, 1 hour of seconds, in single quotes',
      measured: median(figures.constant) / single,
      bound: 20,
      better: 'lower',
      note,
    }),
  ]
}

/** Both orders are there before the hour; the auction is traded every five minutes of it. */
async function busyHour(timed: Order, fixed: Order): Promise<ReplayMarket> {
  const market = await openReplayMarket(start - 60)
  for (const order of [timed, fixed]) {
    market.add(order, [[lastTradeKey, timeWord(start - 60)]])
    for (const output of order.validOutputs) market.deposit(order, output, '100')
  }
  for (let second = 300; second < seconds; second += 300) {
    market.goTo(start + second)
    await market.take(timed, '0.1')
  }
  market.goTo(start + seconds)
  return market
}

async function replayOf({ logs, head }: ReplayMarket): Promise<Replay> {
  const tokens = [weth, usdc].map((token) => ({ token, decimals: 18 }))
  const history: ReplayHistory = historyFromLogs(logs, {
    orderbook: marketOrderbook,
    chainId: 1,
    tokens,
    head,
  })
  const cache = createStaticCodeCache(marketCode)
  const options = { engine: await createWasmEvm(), cache, chainId: 1n, orderbook: marketOrderbook }
  return openReplay(history, createReplayHost(options))
}

async function plainHost(): Promise<EvaluationHost> {
  const options = { engine: await createWasmEvm(), cache: createStaticCodeCache(marketCode), chainId: 1n }
  const interpreter = createEvmInterpreter({ ...options, orderbook: marketOrderbook.address })
  return { orderbook: marketOrderbook, interpreter }
}

async function replayHours(replay: Replay, order: Order, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await replayHour(replay, order)
}

async function replayHour(replay: Replay, order: Order): Promise<void> {
  const range = { from: start, to: start + seconds - 1 }
  const { series } = await replay.run({ order: hashOrder(order), counterparty, ...range })
  if (series[0]?.columns.time.length !== seconds) throw new Error('The replay has another length.')
}

/** The state stays as it is at the end, and the clock goes: what quoting costs and nothing else. */
async function quoteEachSecond(host: EvaluationHost, { state }: ReplayMarket, order: Order): Promise<void> {
  const hash = hashOrder(order)
  for (let second = 0; second < seconds; second++) {
    const env = { blockNumber: 1_000 + (second >> 1), timestamp: start + seconds + second }
    const outcome = await quoteOrder(host, { ...state, env }, { order: hash, ...pair, counterparty })
    if (outcome.kind !== 'quote') throw new Error(outcome.reason.kind)
  }
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}
