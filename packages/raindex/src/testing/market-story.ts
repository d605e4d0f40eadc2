import type { Random } from '@freshet/core'
import type { Order } from '../engine/index.ts'
import {
  askKey,
  askWord,
  auction,
  fixedAsk,
  fixedBid,
  lastTradeKey,
  numberAsk,
  storedAsk,
} from './market-orders.ts'
import { openReplayMarket, type ReplayMarket } from './replay-market.ts'

export const storyStart = 1_700_000_000

export type MarketStory = { readonly market: ReplayMarket; readonly orders: readonly Order[] }

/** A market in which things happen at random, none of which the chain would not allow. */
export async function randomStory(random: Random, seconds: number): Promise<MarketStory> {
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const market = await openReplayMarket(storyStart)
  const orders = [auction(1, '3200', 40), fixedAsk(2, '3000'), storedAsk(3), numberAsk(4)] as const
  const bid = fixedBid(5, '0.0004')
  const pick = (): Order => orders[below(orders.length)] ?? orders[0]
  market.add(bid)
  market.deposit(bid, bid.validOutputs[0] ?? nowhere, '100000')
  const addWithWords = (order: Order): void =>
    market.add(order, [
      [lastTradeKey, timeWord(market.head.timestamp)],
      [askKey, askWord('3100')],
    ])
  for (const order of orders) {
    addWithWords(order)
    market.deposit(order, order.validOutputs[0] ?? nowhere, '2')
  }
  let second = storyStart
  while (second < storyStart + seconds) {
    const order = pick()
    const output = order.validOutputs[0] ?? nowhere
    switch (below(12)) {
      case 0:
        addWithWords(order)
        break
      case 1:
        market.remove(order)
        break
      case 2:
        market.deposit(order, output, String(1 + below(5)))
        break
      case 3:
        market.set(order, askKey, askWord(String(3_000 + below(3) * 50)))
        break
      case 4:
        await market.clear(order, bid)
        break
      default:
        await market.take(order, `0.${1 + below(9)}`)
    }
    // Some blocks hold several transactions, and some seconds none.
    second += below(3) * (1 + below(8))
    market.goTo(second)
  }
  return { market, orders: [...orders, bid] }
}

const nowhere = { token: '0x', vaultId: '0x' } as const

export function timeWord(second: number): `0x${string}` {
  return `0x${second.toString(16).padStart(64, '0')}`
}
