import type { Clock, Collection } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import {
  chainRaindex,
  openChainRaindex,
  quoteBeside,
  type ChainHeads,
  type ChainNotice,
  type ChainRaindex,
  type ChainRaindexOptions,
  type ComparedQuote,
  type LocalBook,
  type LocalDatabase,
  type QuotedPair,
  type RpcPool,
} from '@freshet/raindex/client'
import { createEvmInterpreter, type Address, type Orderbook } from '@freshet/raindex/engine'
import type { Quotes } from '@freshet/raindex/live'

/** An order book that is kept live, with what is asked of it. */
export type ServedBook = {
  readonly chainId: number
  readonly orderbook: Orderbook
  readonly raindex: Pick<ChainRaindex, 'live' | 'freshness' | 'subscribe'> &
    Partial<Pick<ChainRaindex, 'counts'>>
  /** Of every pair, for the zero address. */
  readonly quotes: Quotes
  /** The events that are kept of it, and the code of its orders. */
  readonly kept: KeptEvents
  /** The newest of them; undefined where there is none. */
  lastEvent(): Promise<LastEvent | undefined>
  /** Both quotes of a pair at one block. */
  beside(pair: QuotedPair, signal: AbortSignal): Promise<ComparedQuote>
}

export type LastEvent = {
  readonly block: number
  readonly logIndex: number
  readonly transactionHash: string
}

/** What a local database keeps of a book. */
export type KeptEvents = Pick<
  LocalBook,
  'tip' | 'read' | 'tokens' | 'timestampOf' | 'rewindsSince' | 'incompleteStores' | 'code'
>

export type ServedBookOptions = Pick<
  ChainRaindexOptions,
  'finalityDepth' | 'firstWindowBlocks' | 'windowsAhead'
> & {
  readonly chainId: number
  readonly orderbook: Orderbook
  readonly database: LocalDatabase
  readonly pool: RpcPool
  readonly clock: Clock
  readonly heads?: ChainHeads | undefined
  /** The block in which the order book was made. Default 0. */
  readonly fromBlock?: number | undefined
  readonly onNotice?: ((notice: ChainNotice) => void) | undefined
}

/** A book that follows its chain until it is closed. */
export type OpenServedBook = ServedBook & {
  readonly raindex: ChainRaindex
  close(): Promise<void>
}

/** Keeps a book live in a database. Throws as `openChainRaindex`. */
export async function openServedBook(options: ServedBookOptions): Promise<OpenServedBook> {
  const { chainId, orderbook, database, pool } = options
  const { address } = orderbook
  const engine = await createWasmEvm()
  const raindex = await openChainRaindex({
    ...options,
    interpreter: (cache) =>
      createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: address }),
  })
  const quotes = raindex.live.openQuotes()
  const sides = chainRaindex(raindex, { pool, orderbook: address })
  return {
    ...{ chainId, orderbook, raindex, quotes },
    kept: database.book({ chainId, orderbook }),
    lastEvent: () => lastEventOf(database, chainId, address),
    beside: (pair, signal) => quoteBeside(sides, pair, signal),
    async close() {
      quotes.close()
      await raindex.close()
    },
  }
}

async function lastEventOf(
  database: LocalDatabase,
  chainId: number,
  orderbook: Address,
): Promise<LastEvent | undefined> {
  const [row] = await database.query(
    'SELECT block_number, log_index, transaction_hash FROM raw_events WHERE chain_id = ? AND orderbook_address = ? ORDER BY block_number DESC, log_index DESC LIMIT 1',
    [chainId, orderbook],
  )
  return (
    row && {
      block: Number(row['block_number']),
      logIndex: Number(row['log_index']),
      transactionHash: String(row['transaction_hash']),
    }
  )
}

/** The quotes as any other collection, of rows that `quoteJson` takes. */
export function quotesOf({ quotes }: Pick<ServedBook, 'quotes'>): Collection {
  return quotes.collection as unknown as Collection
}

/** Whether a book is at this address. */
export function isAt({ orderbook }: ServedBook, address: string): boolean {
  const sought: string = address.toLowerCase()
  return orderbook.address === sought
}
