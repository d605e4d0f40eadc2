import { expect, test } from 'vitest'
import { hashOrder } from '../../engine/index.ts'
import { addressOf } from '../../testing/fixture-order.ts'
import { auction, lastTradeKey } from '../../testing/market-orders.ts'
import { replayMarket } from '../../testing/market-replay.ts'
import { storyStart, timeWord } from '../../testing/market-story.ts'
import { openReplayMarket } from '../../testing/replay-market.ts'
import { niceTicks, timeTicks } from './axis-ticks.ts'
import { gapText } from './gap-text.ts'
import type { ReplayRun } from './open-replay.ts'
import { markersToCsv, pointsToCsv } from './replay-csv.ts'
import { replayToSvg } from './replay-svg.ts'
import { stepPath } from './step-path.ts'

/** Six seconds: an order comes, is taken, goes. */
async function shortRun(): Promise<ReplayRun> {
  const order = auction(1)
  const output = order.validOutputs[0]
  const market = await openReplayMarket(storyStart)
  market.goTo(storyStart + 2)
  market.add(order, [[lastTradeKey, timeWord(storyStart)]])
  if (output !== undefined) market.deposit(order, output, '0.75')
  market.goTo(storyStart + 4)
  await market.take(order, '0.5')
  market.goTo(storyStart + 6)
  market.remove(order)
  const replay = await replayMarket(market)
  const range = { from: storyStart, to: storyStart + 6 }
  return replay.run({ order: hashOrder(order), counterparty: addressOf(0xe1), ...range })
}

test('[RP10] points as CSV: one line each, exact, with the reason where there is no quote', async () => {
  expect(pointsToCsv(await shortRun())).toMatchInlineSnapshot(`
    "time,block,input,output,ratio,max_output,no_quote,marks
    2023-11-14T22:13:20Z,,0,0,,,the order is not live,
    2023-11-14T22:13:21Z,,0,0,,,the order is not live,
    2023-11-14T22:13:22Z,1001,0,0,3199.9,0.5,,
    2023-11-14T22:13:23Z,1001,0,0,3199.85,0.5,,
    2023-11-14T22:13:24Z,1002,0,0,3200,0.25,,
    2023-11-14T22:13:25Z,1002,0,0,3199.95,0.25,,
    2023-11-14T22:13:26Z,1003,0,0,,,the order is not live,
    "
  `)
})

test('[RP10] marks as CSV', async () => {
  const [head, ...lines] = markersToCsv(await shortRun())
    .trimEnd()
    .split('\n')
  expect(head).toBe('time,block,log_index,transaction,input,output,event,price,amount')
  expect(lines.map((line) => line.replace(/0x[0-9a-f]{64}/, 'TX'))).toMatchInlineSnapshot(`
    [
      "2023-11-14T22:13:22Z,1001,0,TX,0,0,add,,",
      "2023-11-14T22:13:22Z,1001,1,TX,0,0,store,,",
      "2023-11-14T22:13:22Z,1001,2,TX,0,0,deposit,,",
      "2023-11-14T22:13:24Z,1002,0,TX,0,0,take,3199.8,0.5",
      "2023-11-14T22:13:24Z,1002,1,TX,0,0,store,,",
      "2023-11-14T22:13:26Z,1003,0,TX,0,0,remove,,",
    ]
  `)
})

test('[RP10] a reason with a comma or quotes stays one field', async () => {
  const run = await shortRun()
  const [series] = run.series
  if (series === undefined) throw new Error('The order has no pair.')
  const reason = { kind: 'HostFault', message: 'no "hash", none' } as const
  const text = pointsToCsv({ ...run, series: [{ ...series, results: [{ kind: 'gap', reason }] }] })
  expect(text.split('\n')[1]).toBe('2023-11-14T22:13:20Z,,0,0,,,"no ""hash"", none",')
})

test('[RP10] the picture has a line with breaks, dots of trades, flags of events, and both appearances', async () => {
  const [series] = (await shortRun()).series
  if (series === undefined) throw new Error('The order has no pair.')
  const svg = replayToSvg(series, { title: 'WETH/USDC <auction> & "more"' })
  expect(svg).toContain('<title>WETH/USDC &lt;auction&gt; &amp; &quot;more&quot;</title>')
  expect(svg).toContain('@media (prefers-color-scheme:dark)')
  // One stretch with quotes, which ends where the order goes.
  expect(/class="line" d="([^"]*)"/.exec(svg)?.[1]?.match(/M/g)).toHaveLength(1)
  expect(svg.match(/<circle class="take"[^/]*><title>take at 3199\.8<\/title>/g)).toHaveLength(1)
  for (const kind of ['add', 'store', 'deposit', 'take', 'remove']) {
    expect(svg).toContain(`<path class="${kind}"`)
  }
})

test('[RP10] the values of an axis have room, however long they are', async () => {
  const [series] = (await shortRun()).series
  if (series === undefined) throw new Error('The order has no pair.')
  const { columns } = series
  const ratio = columns.ratio.map((value) => value * 1e12)
  const svg = replayToSvg({ ...series, columns: { ...columns, ratio }, markers: [] }, { title: 'Dear' })
  const labels = [...svg.matchAll(/x="([\d.]+)" [^>]*text-anchor="end">([^<]*)</g)]
  expect(labels.some(([, , words = '']) => words.length > 14)).toBe(true)
  for (const [, x, words = ''] of labels) expect(Number(x) - 7 * words.length).toBeGreaterThan(0)
})

test('[RP10] a line of many points draws at most four of each pixel, and reaches its lowest and highest', () => {
  const times = Float64Array.from({ length: 86_400 }, (_, i) => i)
  const values = times.map((i) => (i === 43_210 ? 99 : Math.sin(i / 9)))
  const path = stepPath(
    times,
    values,
    (second) => second / 86.4,
    (value) => value,
  )
  expect(path.length).toBeLessThan(1_001 * 4 * 12)
  expect(path).toContain('V99')
})

test('[RP10] a line breaks where there is no value and holds the last until there', () => {
  const times = Float64Array.from([0, 10, 20, 30, 40])
  const values = Float64Array.from([1, 2, NaN, 3, 3])
  const identity = (value: number): number => value
  expect(stepPath(times, values, identity, identity)).toBe('M0 1H10V2H20M30 3H40V3')
})

test('[RP10] ticks are round', () => {
  expect(niceTicks(2.3, 11.1, 5)).toEqual([4, 6, 8, 10])
  expect(niceTicks(0.00012, 0.00031, 5)).toEqual([0.00015, 0.0002, 0.00025, 0.0003])
  expect(timeTicks(95, 700)).toEqual([120, 240, 360, 480, 600])
})

test('[RP10] every reason has words', () => {
  expect(gapText({ kind: 'Reverted', data: '0x' })).toBe('reverted without data')
  expect(gapText({ kind: 'GasExhausted', gasLimit: 5n })).toBe('the program uses more than 5 gas')
  expect(gapText({ kind: 'OddWrites', count: 3 })).toBe('OddWrites')
})
