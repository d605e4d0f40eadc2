import { randomBelow, type Random } from '@freshet/core'
import type { LocalReceipt } from '@freshet/raindex/testing'
import type { Market, MarketOrder } from './market-orders.ts'

/** One thing that somebody does on one of the markets, mostly on the first: mostly a take, at times more for a vault, or less. */
export async function tradeOnce(markets: readonly Market[], random: Random): Promise<LocalReceipt> {
  const market = pick(randomBelow(random, 4) === 0 ? markets : markets.slice(0, 1), random)
  const { owner, orders } = market
  const order = pick(orders, random)
  const [output] = order.order.validOutputs
  const token = market.book.tokens.find(({ address }) => address === output?.token)
  if (output === undefined || token === undefined) throw new RangeError('An order gives nothing.')
  const inUsdc = token.decimals === 6
  switch (randomBelow(random, 8)) {
    case 0:
      return owner.deposit(output.token, output.vaultId, amount(random, inUsdc ? 600 : 2))
    case 1:
      return owner.withdraw(output.token, output.vaultId, amount(random, inUsdc ? 150 : 0.5))
    default:
      return take(market, order, amount(random, inUsdc ? 300 : 0.6), random)
  }
}

function take(
  { takers }: Market,
  { order }: MarketOrder,
  most: string,
  random: Random,
): Promise<LocalReceipt> {
  return pick(takers, random).takeOrders(
    [{ order, inputIOIndex: randomBelow(random, order.validInputs.length) }],
    { maximumInput: most },
  )
}

/** Between a quarter of it and all. */
function amount(random: Random, most: number): string {
  return (most * (0.25 + 0.75 * random.next())).toFixed(3)
}

function pick<T>(some: readonly T[], random: Random): T {
  const found = some[randomBelow(random, some.length)]
  if (found === undefined) throw new RangeError('There is nothing to choose from.')
  return found
}
