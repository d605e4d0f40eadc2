import { createSeededRandom } from '@freshet/core/testing'
import { hashOrder, type Order } from '../engine/index.ts'
import { display, floatToHex, packLossless } from '../float/index.ts'
import { askKey, auction, fixedAsk, fixedBid, lastTradeKey, risingAsk, usdc, weth } from './market-orders.ts'
import { timeWord } from './market-story.ts'
import { marketCode, marketDecimals, marketOrderbook, openReplayMarket } from './replay-market.ts'

const start = Date.UTC(2026, 10, 18, 9) / 1_000
const hours = 3
const minute = 60

/**
 * Three hours of a small market, as the file that Studio's replay page shows: an auction that is traded, runs out,
 * is begun again, taken down and put up; a fixed price; a price that rises with the blocks.
 */
export async function replayDemo(): Promise<string> {
  const random = createSeededRandom(7)
  const market = await openReplayMarket(start)
  const [sale, limit, ladder, bid] = [
    auction(1),
    fixedAsk(2, '3165'),
    risingAsk(3),
    fixedBid(4, '0.000315', '900'),
  ]
  const within = (low: number, high: number): number => low + Math.floor(random.next() * (high - low))
  const fund = (order: Order, amount: string): void => {
    for (const output of order.validOutputs) market.deposit(order, output, amount)
  }
  const beginSale = (): void => market.set(sale, lastTradeKey, timeWord(market.head.timestamp))

  market.goTo(start + 4 * minute)
  market.add(sale, [[lastTradeKey, timeWord(market.head.timestamp)]])
  fund(sale, '3')
  market.goTo(start + 7 * minute)
  market.add(limit)
  fund(limit, '12')
  // 3,060 less what the blocks so far add.
  market.add(ladder, [[askKey, floatToHex(packLossless(3_060_000_000n, -6))]])
  fund(ladder, '1.5')
  market.goTo(start + 9 * minute)
  market.add(bid)
  fund(bid, '60000')

  for (let second = 12 * minute; second < hours * 60 * minute; second += within(40, 240)) {
    market.goTo(start + second)
    // For half an hour nobody comes, so that the auction runs out; then its owner begins it again.
    if (second > 70 * minute && second < 108 * minute) continue
    if (second >= 108 * minute && market.head.timestamp - lastTrade() > 1_800) beginSale()
    const choice = within(0, 10)
    if (choice < 5) await market.take(sale, `0.${within(1, 5)}`)
    else if (choice < 7) await market.take(limit, `0.${within(2, 9)}`)
    else if (choice < 8) await market.clear(limit, bid)
    else await market.take(ladder, '0.15')
    if (balanceOf(sale) < 0.5 && within(0, 3) === 0) fund(sale, '2.5')
    if (second > 140 * minute && second < 147 * minute && isLive(sale)) market.remove(sale)
    else if (second > 153 * minute && !isLive(sale))
      market.add(sale, [[lastTradeKey, timeWord(market.head.timestamp)]])
    if (choice === 9 && balanceOf(limit) > 0.25)
      for (const output of limit.validOutputs) market.withdraw(limit, output, '0.25')
  }
  market.goTo(start + hours * 60 * minute)

  function lastTrade(): number {
    const { store } = sale.evaluable
    return Number(market.state.word(store, market.namespaceOf(sale), lastTradeKey))
  }
  function balanceOf(order: Order): number {
    const [output] = order.validOutputs
    return output === undefined
      ? 0
      : Number(display(market.state.vaultBalance(order.owner, output.token, output.vaultId)))
  }
  function isLive(order: Order): boolean {
    return market.state.order(hashOrder(order)) !== undefined
  }
  return JSON.stringify({
    title: 'A market of three hours, made up',
    orderbook: marketOrderbook,
    chainId: 1,
    from: start,
    head: market.head,
    tokens: [
      { token: weth, symbol: 'WETH', decimals: marketDecimals },
      { token: usdc, symbol: 'USDC', decimals: marketDecimals },
    ],
    orders: [
      { hash: hashOrder(sale), name: 'Auction' },
      { hash: hashOrder(limit), name: 'Fixed price' },
      { hash: hashOrder(ladder), name: 'Rises with the blocks' },
      { hash: hashOrder(bid), name: 'Bid' },
    ],
    code: marketCode,
    logs: market.logs,
  })
}
