import { createWasmEvm } from '@freshet/evm'
import {
  createReplayHost,
  historyFromLogs,
  openReplay,
  type LogHistoryOptions,
  type Replay,
  type ReplayHistory,
  type ReplayOptions,
} from '../client/replay/index.ts'
import { createStaticCodeCache } from '../engine/index.ts'
import { usdc, weth } from './market-orders.ts'
import { marketCode, marketDecimals, marketOrderbook, type ReplayMarket } from './replay-market.ts'

export const marketTokens = [weth, usdc].map((token) => ({ token, decimals: marketDecimals }))

/** What happened in a market, for a replay. */
function marketHistory(
  { logs, head }: ReplayMarket,
  options: Partial<LogHistoryOptions> = {},
): ReplayHistory {
  return historyFromLogs(logs, {
    orderbook: marketOrderbook,
    chainId: 1,
    tokens: marketTokens,
    head,
    ...options,
  })
}

/** A market that is over, open for replays. */
export async function replayMarket(
  market: ReplayMarket,
  options: Partial<LogHistoryOptions> & Pick<ReplayOptions, 'orders'> = {},
): Promise<Replay> {
  const cache = createStaticCodeCache(marketCode)
  const engine = await createWasmEvm()
  const host = createReplayHost({ engine, cache, chainId: 1n, orderbook: marketOrderbook })
  const { orders, ...rest } = options
  return openReplay(marketHistory(market, rest), host, { orders })
}
