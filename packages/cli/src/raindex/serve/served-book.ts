import { createListeners, type Clock, type Collection } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import {
  chainRaindex,
  openChainRaindex,
  openSharedRaindex,
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
  type SharedBooks,
  type SharedRaindex,
} from '@freshet/raindex/client'
import { createEvmInterpreter, type Address, type Artifact, type Orderbook } from '@freshet/raindex/engine'
import type { Quotes } from '@freshet/raindex/live'
import { createQuoteWorkers } from '@freshet/raindex/live/workers'
import { createCounterpartyQuotes, type CounterpartyQuotes } from './counterparty-quotes.ts'

/** An order book that is kept live, with what is asked of it. */
export type ServedBook = {
  readonly chainId: number
  readonly orderbook: Orderbook
  readonly raindex: Pick<ChainRaindex, 'live' | 'freshness' | 'subscribe'> &
    Partial<Pick<SharedRaindex, 'counts' | 'role'>>
  /** Of every pair, for the zero address. */
  readonly quotes: Quotes
  /** Of others; absent: nobody else is quoted for. */
  readonly counterparties?: CounterpartyQuotes | undefined
  /** Told that the state and its quotes are others than before. @returns a function that ends it. */
  onReplaced?(listener: () => void): () => void
  /** The events that are kept of it, and the code of its orders. */
  readonly kept: KeptEvents
  /** The newest of them; undefined where there is none. */
  lastEvent(): Promise<LastEvent | undefined>
  /** Both quotes of a pair at one block. */
  beside(pair: QuotedPair, signal: AbortSignal): Promise<ComparedQuote>
  /** How often those two were not the same, where both were known. */
  readonly divergences: number
}

export type LastEvent = {
  readonly block: number
  readonly logIndex: number
  readonly transactionHash: string
}

/** What a local database keeps of a book. */
export type KeptEvents = Pick<
  LocalBook,
  'tip' | 'read' | 'tokens' | 'timestampOf' | 'rewindsSince' | 'incompleteStores' | 'completeFrom'
> & {
  code(): Promise<readonly Artifact[]>
  /** Why nobody should be given them; undefined where all may. */
  whyNone?(): Promise<string | undefined>
}

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
  /** Where the book is kept together with other processes. Default: it is kept alone. */
  readonly shared?: SharedBooks | undefined
  /** Threads that quote beside this one. Default 0. */
  readonly workers?: number | undefined
}

/** A book that follows its chain until it is closed. */
export type OpenServedBook = ServedBook & {
  readonly raindex: ChainRaindex
  close(): Promise<void>
}

/** Keeps a book live in a database. Throws as `openChainRaindex`, and as `openSharedRaindex` does where it is shared. */
export async function openServedBook(options: ServedBookOptions): Promise<OpenServedBook> {
  const { chainId, orderbook, database, pool, shared } = options
  const { address } = orderbook
  const engine = await createWasmEvm()
  const opening = {
    ...options,
    interpreter: (cache: ChainRaindex['code']) =>
      createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: address }),
  }
  const together = shared && (await openSharedRaindex({ ...opening, shared }))
  const raindex: ChainRaindex = together ?? (await openChainRaindex(opening))
  const local = database.book({ chainId, orderbook })
  const replaced = createListeners<void>(() => undefined)
  let made = openQuotesOf(raindex, options)
  const stop = together?.onReplaced(() => {
    const before = made
    made = openQuotesOf(raindex, options)
    replaced.emit()
    before.close()
  })
  let divergences = 0
  const isReader = (): boolean => together?.role === 'reader'
  return {
    ...{ chainId, orderbook, raindex },
    get quotes() {
      return made.quotes
    },
    get counterparties() {
      return made.counterparties
    },
    onReplaced: replaced.add,
    // A reader's own database is not what its state comes from.
    kept: {
      ...local,
      code: async () => (isReader() ? raindex.code.artifacts() : local.code()),
      whyNone: async () => (isReader() ? 'The server that reads the chain keeps the events.' : undefined),
    },
    lastEvent: async () => (isReader() ? undefined : lastEventOf(database, chainId, address)),
    async beside(pair, signal) {
      const compared = await quoteBeside(chainRaindex(raindex, { pool, orderbook: address }), pair, signal)
      const verdict = compared.verdict?.kind
      if (verdict === 'drift' || verdict === 'disagree') divergences++
      return compared
    },
    get divergences() {
      return divergences
    },
    async close() {
      stop?.()
      made.close()
      await raindex.close()
    },
  }
}

/** The quotes of a state, as long as it is this one. */
function openQuotesOf(raindex: ChainRaindex, { chainId, orderbook, clock, workers = 0 }: ServedBookOptions) {
  const { live, code: cache } = raindex
  const crew =
    workers === 0
      ? undefined
      : createQuoteWorkers({ cache, chainId: BigInt(chainId), orderbook: orderbook.address, workers })
  const quotes = live.openQuotes({ workers: crew })
  const counterparties = createCounterpartyQuotes({
    clock,
    open: (counterparty) => live.openQuotes({ counterparty, scope: 'focus', workers: crew }),
  })
  return {
    quotes,
    counterparties,
    close() {
      quotes.close()
      counterparties.close()
      crew?.close()
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

/** Which books are meant. What is left out is any. */
export type BookScope = { readonly orderbook?: string | undefined; readonly chainId?: number | undefined }

export function isIn(book: ServedBook, { orderbook, chainId = book.chainId }: BookScope): boolean {
  const sought = orderbook?.toLowerCase() ?? book.orderbook.address
  return book.orderbook.address === sought && book.chainId === chainId
}
