import { createWasmEvm } from '@freshet/evm'
import { hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { createStaticCodeCache, hashOrder, type Order } from '../../engine/index.ts'
import { display, hexToFloat } from '../../float/index.ts'
import { addressOf, wordOf } from '../../testing/fixture-order.ts'
import {
  askKey,
  askWord,
  auction,
  fixedAsk,
  fixedBid,
  lastTradeKey,
  numberAsk,
  oracleAsk,
  storedAsk,
  weth,
} from '../../testing/market-orders.ts'
import { marketTokens, replayMarket } from '../../testing/market-replay.ts'
import { storyStart, timeWord } from '../../testing/market-story.ts'
import {
  marketCode,
  marketOrderbook,
  openReplayMarket,
  type ReplayMarket,
} from '../../testing/replay-market.ts'
import { leaves, scriptedInterpreter, word } from '../../testing/scripted-interpreter.ts'
import { op, testProgram } from '../../testing/test-program.ts'
import { historyFromLogs } from './history-from-logs.ts'
import { openReplay, type ReplaySeries } from './open-replay.ts'
import { marksOf } from './point-marks.ts'
import type { ReplayHistory } from './replay-history.ts'
import { createReplayHost, type Looks, type ReplayHost } from './replay-host.ts'
import { markersToCsv, pointsToCsv } from './replay-csv.ts'
import { replayToSvg } from './replay-svg.ts'

const counterparty = addressOf(0xe1)
const [from, to] = [storyStart, storyStart + 59]

/** A minute: the order comes at 10 s with 5 in its vault, half a unit is taken at 20 s, and it goes at 40 s. */
async function minuteOf(order: Order): Promise<ReplayMarket> {
  const market = await openReplayMarket(storyStart)
  market.goTo(storyStart + 10)
  market.add(order, [
    [lastTradeKey, timeWord(storyStart + 10)],
    [askKey, askWord('3100')],
  ])
  const output = order.validOutputs[0]
  if (output !== undefined) market.deposit(order, output, '5')
  market.goTo(storyStart + 20)
  await market.take(order, '0.5')
  market.goTo(storyStart + 40)
  market.remove(order)
  market.goTo(storyStart + 60)
  return market
}

async function seriesOf(market: ReplayMarket, order: Order): Promise<ReplaySeries & { quotes: number }> {
  const replay = await replayMarket(market)
  let quotes = 0
  const onProgress = (progress: { readonly quotes: number }): void => void (quotes = progress.quotes)
  const { series } = await replay.run({ order: hashOrder(order), counterparty, from, to }, { onProgress })
  const [first] = series
  if (first === undefined) throw new Error('The order has no pair.')
  return { ...first, quotes }
}

function pointAt({ columns, results }: ReplaySeries, second: number): string {
  const result = results[columns.result[second - storyStart] ?? -1]
  if (result?.kind !== 'quote') return result?.reason.kind ?? 'nothing'
  return `${display(hexToFloat(result.outputMax))} @ ${display(hexToFloat(result.ioRatio))}`
}

test('[RP1] an auction falls each second, begins again with a trade, and has no quote before and after', async () => {
  const order = auction(1)
  const series = await seriesOf(await minuteOf(order), order)
  const shown = [9, 10, 11, 19, 20, 21, 39, 40].map((second) => pointAt(series, storyStart + second))
  expect(shown).toEqual([
    'OrderNotFound',
    '0.5 @ 3200',
    '0.5 @ 3199.95',
    '0.5 @ 3199.55',
    '0.5 @ 3200',
    '0.5 @ 3199.95',
    '0.5 @ 3199.05',
    'OrderNotFound',
  ])
  expect(Number.isNaN(series.columns.ratio[9])).toBe(true)
  expect(series.columns.ratio[11]).toBe(3199.95)
})

test('[RP1] a step of more than a second gives the points of the seconds it falls on', async () => {
  const order = auction(1)
  const market = await minuteOf(order)
  const replay = await replayMarket(market)
  const each = await seriesOf(market, order)
  const request = { order: hashOrder(order), counterparty, from, to, stepSeconds: 7 }
  const [seventh] = (await replay.run(request)).series
  expect(seventh?.columns.time.length).toBe(9)
  const seconds = [...(seventh?.columns.time ?? [])]
  expect([...(seventh?.columns.ratio ?? [])]).toEqual(seconds.map((s) => each.columns.ratio[s - from]))
})

test('[RP2] the number of the block rises between known blocks, and marks what looked at it', async () => {
  const order = numberAsk(4)
  const series = await seriesOf(await minuteOf(order), order)
  expect(pointAt(series, storyStart + 14)).toBe('1 @ 1007')
  expect(pointAt(series, storyStart + 15)).toBe('1 @ 1007')
  expect(series.columns.blockNumber[15]).toBe(1_007)
  expect(marksOf(series.columns.marks[14] ?? 0)).toEqual(['estimated-block'])
  // At a known block nothing is reckoned.
  expect(marksOf(series.columns.marks[20] ?? 0)).toEqual([])
  // Seconds are what they are.
  const timed = auction(1)
  const unmarked = await seriesOf(await minuteOf(timed), timed)
  expect(unmarked.columns.marks.every((bits) => bits === 0)).toBe(true)
})

test('[RP2] with the clock of blocks a program sees the newest block’s time', async () => {
  const order = auction(1)
  const replay = await replayMarket(await minuteOf(order))
  const request = { order: hashOrder(order), counterparty, from, to, clock: 'block' } as const
  const [series] = (await replay.run(request)).series
  expect([12, 13, 14].map((second) => series?.columns.ratio[second])).toEqual([3199.9, 3199.9, 3199.8])
  expect(marksOf(series?.columns.marks[13] ?? 0)).toEqual(['estimated-block'])
})

test('[RP3] a quote is made anew only when something it read has changed', async () => {
  const fixed = fixedAsk(2, '3000')
  // Before it is there, with its vault, after the take, and after it is gone.
  expect((await seriesOf(await minuteOf(fixed), fixed)).quotes).toBe(4)
  const timed = auction(1)
  // Once a second while it is there; it is not looked at while it is not.
  expect((await seriesOf(await minuteOf(timed), timed)).quotes).toBe(32)
  const counted = numberAsk(4)
  expect((await seriesOf(await minuteOf(counted), counted)).quotes).toBe(17)
  const stored = storedAsk(3)
  const market = await minuteOf(stored)
  // A word it does not read changes nothing.
  market.set(stored, lastTradeKey, timeWord(7))
  expect((await seriesOf(market, stored)).quotes).toBe(4)
})

test('[RP4] the same request gives the same bytes', async () => {
  const order = auction(1)
  const texts: string[] = []
  for (let i = 0; i < 2; i++) {
    const replay = await replayMarket(await minuteOf(order))
    const run = await replay.run({ order: hashOrder(order), counterparty, from, to })
    const [series] = run.series
    if (series === undefined) throw new Error('The order has no pair.')
    texts.push(pointsToCsv(run) + markersToCsv(run) + replayToSvg(series, { title: 'Auction' }))
  }
  expect(texts[0]).toBe(texts[1])
})

test('[RP5] points with words that were given are marked, with quote or without', async () => {
  const order = oracleAsk(6)
  const market = await minuteOf(order)
  const replay = await replayMarket(market)
  const request = { order: hashOrder(order), counterparty, from: from + 12, to: from + 12 }
  const signed = { signer: addressOf(1), context: [word('7')], signature: '0x' } as const
  const [series] = (await replay.run({ ...request, signedContext: [signed] })).series
  expect(marksOf(series?.columns.marks[0] ?? 0)).toEqual(['signed-context'])
  expect(series?.results[0]).toEqual({ kind: 'gap', reason: { kind: 'InvalidSignature', index: 0 } })
  const [without] = (await replay.run(request)).series
  expect(marksOf(without?.columns.marks[0] ?? 0)).toEqual([])
  const key = { store: order.evaluable.store, fqn: addressOf(1), key: askKey, value: word('1') }
  const [overridden] = (await replay.run({ ...request, overrides: [key] })).series
  expect(marksOf(overridden?.columns.marks[0] ?? 0)).toEqual(['override'])
})

test('[RP12] words that were signed for a take are used from then on, and marked but in its second', async () => {
  const order = oracleAsk(6)
  const market = await openReplayMarket(storyStart)
  market.add(order)
  for (const output of order.validOutputs) market.deposit(order, output, '5')
  // As a contract signs, whom only the chain can ask.
  const signed = (ratio: string) =>
    ({ signer: addressOf(1), context: [word(ratio)], signature: '0x12' }) as const
  for (const [second, ratio] of [
    [10, '7'],
    [20, '8'],
    [30, '9'],
  ] as const) {
    market.goTo(storyStart + second)
    expect(await market.take(order, '0.5', [signed(ratio)])).toBe(true)
  }
  market.goTo(storyStart + 60)
  const replay = await replayMarket(market)
  const request = { order: hashOrder(order), counterparty, from, to, signedContext: 'as-taken' } as const
  const [series] = (await replay.run(request)).series
  if (series === undefined) throw new Error('The order has no pair.')
  const look = (second: number) => [
    pointAt(series, storyStart + second),
    marksOf(series.columns.marks[second] ?? 0).join(),
  ]
  expect([9, 10, 11, 19, 20, 21, 30, 31, 59].map(look)).toEqual([
    ['Reverted', 'signed-context'],
    ['1 @ 7', ''],
    ['1 @ 7', 'signed-context'],
    ['1 @ 7', 'signed-context'],
    ['1 @ 8', ''],
    ['1 @ 8', 'signed-context'],
    ['1 @ 9', ''],
    ['1 @ 9', 'signed-context'],
    ['1 @ 9', 'signed-context'],
  ])
  const coarse = (await replay.run({ ...request, stepSeconds: 20 })).series[0]
  expect([...(coarse?.columns.marks ?? [])].map(marksOf)).toEqual([
    ['signed-context'],
    [],
    ['signed-context'],
  ])
  const subject = { ...request, inputIOIndex: 0, outputIOIndex: 0 }
  expect(await replay.inspect(subject, storyStart + 20)).toMatchObject({ marks: [] })
  expect(await replay.inspect(subject, storyStart + 21)).toMatchObject({
    marks: ['signed-context'],
    outcome: { kind: 'quote' },
  })
  // An order that never had any lacks none.
  const fixed = fixedAsk(2, '3000')
  const plain = (await (await replayMarket(await minuteOf(fixed))).run({ ...request, order: fixed }))
    .series[0]
  expect(new Set(plain?.columns.marks)).toEqual(new Set([0]))
})

test('[RP5] a wallet, another contract and other fields of the block mark what was quoted with them', async () => {
  const marksFor = async (looks: Partial<Looks>, version: 'v5' | 'v6' = 'v5'): Promise<readonly string[]> => {
    const vaultless = { token: weth, vaultId: wordOf(0) }
    const order: Order = { ...fixedAsk(2, '3000'), validOutputs: [vaultless] }
    const none: Looks = { time: false, number: false, block: false, others: false }
    const host: ReplayHost = {
      orderbook: { ...marketOrderbook, version },
      interpreter: scriptedInterpreter(() => leaves(['3000', '2'])),
      takeLooks: () => ({ ...none, ...looks }),
    }
    const history: ReplayHistory = {
      orderbook: host.orderbook,
      chainId: 1,
      head: { number: 2, timestamp: from + 2 },
      tokens: marketTokens,
      wallet: () => ({ balance: 10n ** 18n, allowance: 10n ** 18n }),
      blocks: () => [
        { number: 1, timestamp: from, mutations: [{ kind: 'setOrders', orders: [order] }], events: [] },
      ],
    }
    const replay = await openReplay(history, host)
    const [series] = (await replay.run({ order: hashOrder(order), counterparty, from, to: from })).series
    return marksOf(series?.columns.marks[0] ?? 0)
  }
  expect(await marksFor({})).toEqual([])
  expect(await marksFor({}, 'v6')).toEqual(['wallet'])
  expect(await marksFor({ others: true })).toEqual(['other-contract'])
  expect(await marksFor({ block: true })).toEqual(['block-field'])
})

test('[RP5] a program that asks a contract the host answers for is marked, one that asks only for code is not', async () => {
  const oracle = addressOf(0xcc)
  const asking: Order = {
    ...fixedAsk(2, '3000'),
    evaluable: {
      ...fixedAsk(2, '3000').evaluable,
      bytecode: testProgram([op.push(word('1')), op.push(`0x${oracle.slice(2).padStart(64, '0')}`), op.ask]),
    },
  }
  const market = await minuteOf(asking)
  const engine = await createWasmEvm()
  const answer = hexToBytes(word('3000').slice(2))
  engine.setHook(oracle, () => ({ status: 'ok', output: answer }))
  const cache = createStaticCodeCache(marketCode)
  const host = createReplayHost({ engine, cache, chainId: 1n, orderbook: marketOrderbook })
  const { logs, head } = market
  const history = historyFromLogs(logs, {
    orderbook: marketOrderbook,
    chainId: 1,
    tokens: marketTokens,
    head,
  })
  const replay = await openReplay(history, host)
  const request = { order: hashOrder(asking), counterparty, from: from + 12, to: from + 12 }
  const [series] = (await replay.run(request)).series
  expect(series?.columns.ratio[0]).toBe(3_000)
  expect(marksOf(series?.columns.marks[0] ?? 0)).toEqual(['other-contract'])
  // Where nobody answers there is no quote, and the reason says whom it asks.
  const plain = await replayMarket(market)
  const [without] = (await plain.run(request)).series
  expect(without?.results[0]).toMatchObject({
    kind: 'gap',
    reason: { kind: 'ExternalAccount', address: oracle },
  })
})

test('[RP6] blocks out of order, and blocks beyond the head, are refused', async () => {
  const market = await minuteOf(fixedAsk(2, '3000'))
  const early = { number: market.head.number - 20, timestamp: market.head.timestamp - 40 }
  await expect(replayMarket(market, { head: early })).rejects.toMatchObject({ code: 'replay/bad-history' })
  const untimed = market.logs.map(({ blockTimestamp: _, ...log }) => log)
  const options = { orderbook: marketOrderbook, chainId: 1, tokens: marketTokens }
  expect(() => historyFromLogs(untimed, options)).toThrow(/time of block 1005 is not known/)
  const timed = historyFromLogs(untimed, {
    ...options,
    timestampOf: (number) => storyStart + 2 * (number - 1_000),
  })
  expect(timed.head).toEqual({ number: 1_020, timestamp: storyStart + 40 })
  expect(() => historyFromLogs([], options)).toThrow(/no logs/)
})

test('[RP6] nothing is quoted beyond what is known', async () => {
  const order = fixedAsk(2, '3000')
  const market = await openReplayMarket(storyStart)
  market.add(order)
  const replay = await replayMarket(market)
  const [series] = (await replay.run({ order: hashOrder(order), counterparty, from, to: from + 1 })).series
  expect(series && [pointAt(series, from), pointAt(series, from + 1)]).toEqual(['0 @ 3000', 'BeyondHistory'])
})

test('[RP6] what cannot be replayed is refused in one sentence', async () => {
  const order = fixedAsk(2, '3000')
  const replay = await replayMarket(await minuteOf(order))
  const request = { order: hashOrder(order), counterparty, from, to }
  const refusal = async (change: object): Promise<unknown> =>
    replay.run({ ...request, ...change }).catch((error: unknown) => String(error))
  const [first, before] = [from, from - 1].map((second) =>
    new Date(second * 1_000).toISOString().slice(0, 19),
  )
  expect(await refusal({ to: from - 1 })).toContain(`ends at ${before}Z, before it begins at ${first}Z`)
  expect(await refusal({ from: 1e14, to: 1e14 })).toMatch(/whole seconds/)
  expect(await refusal({ stepSeconds: 0 })).toMatch(/at least one second/)
  expect(await refusal({ from: 1.5 })).toMatch(/whole seconds/)
  expect(await refusal({ to: from + 1e9 })).toMatch(/longer step/)
  expect(await refusal({ order: word('1') })).toMatch(/no order 0x/)
  expect(await refusal({ pairs: [{ inputIOIndex: 0, outputIOIndex: 9 }] })).toMatch(/no pair 0, 9/)
})

test('[RP7] what happened is marked, and trades carry the price that the replay quotes before them', async () => {
  const order = auction(1)
  const bid = fixedBid(5, '0.00031')
  const market = await openReplayMarket(storyStart)
  const output = order.validOutputs[0]
  const paid = bid.validOutputs[0]
  if (output === undefined || paid === undefined) throw new Error('The orders have no outputs.')
  market.add(bid)
  market.deposit(bid, paid, '1000')
  market.goTo(storyStart + 10)
  market.add(order, [[lastTradeKey, timeWord(storyStart + 10)]])
  market.deposit(order, output, '5')
  market.goTo(storyStart + 20)
  expect(await market.take(order, '0.1')).toBe(true)
  market.goTo(storyStart + 30)
  expect(await market.clear(order, bid)).toBe(true)
  market.goTo(storyStart + 40)
  market.withdraw(order, output, '1')
  market.remove(order)
  market.goTo(storyStart + 60)
  const { markers, ...series } = await seriesOf(market, order)
  expect(markers.map(({ kind, time }) => `${kind} ${time - storyStart}`)).toEqual([
    'add 10',
    'store 10',
    'deposit 10',
    'take 20',
    'store 20',
    'clear 30',
    'store 30',
    'withdraw 40',
    'remove 40',
  ])
  const priced = markers.filter(({ price }) => price !== undefined)
  // A trade at second 20 was quoted with the clock of that second and the state before it.
  expect(priced.map(({ price = '0x' }) => display(hexToFloat(price)))).toEqual(['3199.5', '3199.5'])
  expect(series.columns.ratio[19]).toBe(3199.55)
})

test('[RP8] a second is shown with its vaults, the words of the order and the stack', async () => {
  const order = auction(1)
  const replay = await replayMarket(await minuteOf(order))
  const subject = { order: hashOrder(order), counterparty, inputIOIndex: 0, outputIOIndex: 0 }
  const moment = await replay.inspect(subject, from + 25)
  expect(moment).toMatchObject({ isLive: true, env: { blockNumber: 1_012, timestamp: from + 25 }, marks: [] })
  expect(moment.vaults.map(({ side, balance }) => `${side} ${display(hexToFloat(balance))}`)).toEqual([
    'input 1599.75',
    'output 4.5',
  ])
  expect(moment.words).toEqual([
    { key: lastTradeKey, value: timeWord(from + 20), wasRead: true },
    { key: askKey, value: askWord('3100'), wasRead: false },
  ])
  const stack = moment.outcome.kind === 'quote' ? moment.outcome.stack : []
  expect(stack.slice(0, 2).map((float) => display(hexToFloat(float)))).toEqual(['3199.75', '0.5'])
  expect(stack[2]).toBe(timeWord(1_795))
  expect(await replay.inspect(subject, from + 45)).toMatchObject({ isLive: false })
  expect(await replay.inspect(subject, to + 9)).toMatchObject({
    outcome: { kind: 'not-comparable', reason: { kind: 'BeyondHistory' } },
  })
})

test('[RP9] a replay tells how far it is and stops when it is told to', async () => {
  const order = auction(1)
  const market = await openReplayMarket(storyStart)
  market.add(order, [[lastTradeKey, timeWord(storyStart)]])
  market.goTo(storyStart + 1_000)
  const replay = await replayMarket(market)
  const seen: number[] = []
  const request = { order: hashOrder(order), counterparty, from, to: from + 999 }
  await replay.run(request, { onProgress: ({ points, of }) => seen.push(points / of) })
  expect(seen.length).toBeGreaterThan(1)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.at(-1)).toBe(1)

  const abort = new AbortController()
  const points: number[] = []
  const onProgress = (progress: { readonly points: number }): void => {
    points.push(progress.points)
    abort.abort(new Error('enough'))
  }
  await expect(replay.run(request, { signal: abort.signal, onProgress })).rejects.toThrow('enough')
  expect(points).toHaveLength(1)
  // The next one is not held up.
  expect((await replay.run({ ...request, to: from })).series).toHaveLength(1)
})
