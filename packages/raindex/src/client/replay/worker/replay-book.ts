import { createWasmEvm } from '@freshet/evm'
import {
  createStaticCodeCache,
  type Address,
  type Artifact,
  type Bytes32,
  type ChainLog,
  type Order,
  type Orderbook,
  type TokenRow,
} from '../../../engine/index.ts'
import { historyFromLogs } from '../history-from-logs.ts'
import { openSharedReplay, type SharedReplay } from '../open-replay.ts'
import type { HistoryBlock, HistoryHead, ReplayHistory } from '../replay-history.ts'
import { createReplayHost } from '../replay-host.ts'

/** A history and the code its orders run on, as data that can be sent to a worker. */
export type ReplayBook = {
  readonly orderbook: Orderbook
  readonly chainId: number
  readonly tokens: readonly TokenRow[]
  /** Default the block of the last log; needed with blocks. */
  readonly head?: HistoryHead | undefined
  readonly source:
    | { readonly kind: 'logs'; readonly logs: readonly ChainLog[] }
    | { readonly kind: 'blocks'; readonly blocks: readonly HistoryBlock[] }
  /** What wallets have and allow now, for vault 0 of V6. */
  readonly wallets?: readonly WalletEntry[] | undefined
  readonly code: readonly Artifact[]
  /** See `openReplay`. */
  readonly orders?: readonly (Bytes32 | Order)[] | undefined
}

export type WalletEntry = {
  readonly owner: Address
  readonly token: Address
  /** In the token's smallest unit. */
  readonly balance: bigint
  readonly allowance: bigint
}

/** Opens a book on an EVM of its own. Throws as `openReplay`, `historyFromLogs` and `createStaticCodeCache`. */
export async function openReplayBook(book: ReplayBook): Promise<SharedReplay> {
  const { orderbook, chainId, code } = book
  const cache = createStaticCodeCache(code)
  const engine = await createWasmEvm()
  const host = createReplayHost({ engine, cache, chainId: BigInt(chainId), orderbook })
  return openSharedReplay(historyOf(book), host, { orders: book.orders })
}

function historyOf({ orderbook, chainId, tokens, head, source, wallets = [] }: ReplayBook): ReplayHistory {
  const entries = new Map(wallets.map((entry) => [`${entry.owner}/${entry.token}`, entry]))
  const wallet: ReplayHistory['wallet'] = (owner, token) => entries.get(`${owner}/${token}`)
  switch (source.kind) {
    case 'logs':
      return historyFromLogs(source.logs, { orderbook, chainId, tokens, head, wallet })
    case 'blocks': {
      const { blocks } = source
      const last = head ?? blocks.at(-1) ?? { number: 0, timestamp: 0 }
      return { orderbook, chainId, tokens, wallet, head: last, blocks: () => blocks }
    }
  }
}
