import { FreshetError } from '@freshet/core'
import {
  decodeLog,
  replayLogs,
  type Address,
  type ChainLog,
  type Orderbook,
  type TokenRow,
} from '../../engine/index.ts'
import type { HistoryBlock, HistoryEvent, HistoryHead, ReplayHistory } from './replay-history.ts'

export type LogHistoryOptions = {
  readonly orderbook: Orderbook
  readonly chainId: number
  readonly tokens: readonly TokenRow[]
  /** How far the logs were asked for. Default the block of the last log. */
  readonly head?: HistoryHead | undefined
  /** Times of blocks, for logs that do not carry theirs. */
  readonly timestampOf?: ((blockNumber: number) => number | undefined) | undefined
  /** See `replayLogs`. */
  readonly stores?: ReadonlySet<Address> | undefined
  readonly wallet?: ReplayHistory['wallet']
}

/**
 * The history that logs tell.
 *
 * @param logs - All logs of the order book and its stores from its first block on, ascending.
 * @throws {FreshetError} `replay/no-timestamp`: the time of a block is not known. Give `timestampOf`.
 * `replay/no-logs`: there are none, and no `head` either.
 * @throws {RaindexError} as `replayLogs`.
 */
export function historyFromLogs(logs: readonly ChainLog[], options: LogHistoryOptions): ReplayHistory {
  const { orderbook, chainId, tokens, stores, timestampOf, wallet } = options
  const decimals = new Map(tokens.map(({ token, decimals }) => [token, decimals]))
  const timeOf = (log: ChainLog): number => {
    const timestamp = log.blockTimestamp ?? timestampOf?.(log.blockNumber)
    if (timestamp !== undefined) return timestamp
    throw refused('no-timestamp', `The time of block ${log.blockNumber} is not known. Give timestampOf.`)
  }
  const changes = replayLogs(logs, orderbook, { decimalsOf: (token) => decimals.get(token), stores })
  const events = eventsByBlock(logs, orderbook, stores)
  const blocks = changes.blocks.map(({ blockNumber, mutations }): HistoryBlock => {
    const found = events.get(blockNumber)
    const timestamp = found === undefined ? 0 : timeOf(found.log)
    return { number: blockNumber, timestamp, mutations, events: found?.events ?? [] }
  })
  const head = options.head ?? blocks.at(-1)
  if (head === undefined) throw refused('no-logs', 'There are no logs. Say with `head` up to which block.')
  return {
    orderbook,
    chainId,
    tokens,
    wallet,
    head: { number: head.number, timestamp: head.timestamp },
    blocks: () => blocks,
  }
}

/** The events of each block, with its first log, by the block's number. */
export function eventsByBlock(
  logs: readonly ChainLog[],
  orderbook: Orderbook,
  stores: ReadonlySet<Address> | undefined,
): ReadonlyMap<number, { readonly log: ChainLog; readonly events: readonly HistoryEvent[] }> {
  const blocks = new Map<number, { readonly log: ChainLog; readonly events: HistoryEvent[] }>()
  for (const log of logs) {
    const { blockNumber, logIndex, transactionHash } = log
    const block = blocks.get(blockNumber) ?? { log, events: [] }
    blocks.set(blockNumber, block)
    block.events.push({ logIndex, transactionHash, event: decodeLog(log, orderbook.address, stores) })
  }
  return blocks
}

function refused(name: string, message: string): FreshetError {
  return new FreshetError({ code: `replay/${name}`, kind: 'usage', message })
}
