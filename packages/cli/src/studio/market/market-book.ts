import { createListeners, type Clock } from '@freshet/core'
import { createWasmEvm } from '@freshet/evm'
import {
  chainRaindex,
  createChainHeads,
  createRpcPool,
  openChainRaindex,
  quoteBeside,
  type LocalDatabase,
} from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import { createEvmInterpreter } from '@freshet/raindex/engine'
import type { LocalBook } from '@freshet/raindex/testing'
import type { ServedBook } from '../../raindex/serve/served-book.ts'
import type { BookReorg, BookReplica, QuoteGrounds } from '../studio-config.ts'

/** The book of a local chain, kept live. */
export type MarketBook = {
  readonly served: ServedBook
  /** Resolves when it is at the chain's head. */
  caughtUp(signal: AbortSignal): Promise<void>
  onReorg(listener: (reorg: BookReorg) => void): () => void
  grounds(quoteId: string): Promise<QuoteGrounds | undefined>
  replica(): BookReplica
  close(): Promise<void>
}

/** A local chain is looked at often, as nobody pays for it. */
const pollMs = 500

/** Keeps the book live in a database at `path`. */
export async function openMarketBook(local: LocalBook, path: string, clock: Clock): Promise<MarketBook> {
  const { chainId, orderbook } = local
  const { address } = orderbook
  const database = await openLocalDatabase({ path, clock })
  const pool = createRpcPool({ chainId, rpcs: [local.url], clock })
  const heads = createChainHeads({ clock, pollMs })
  const reorgs = createListeners<BookReorg>(() => undefined)
  const engine = await createWasmEvm()
  const raindex = await openChainRaindex({
    ...{ chainId, orderbook, pool, database, heads, clock, fromBlock: local.deployedAt },
    interpreter: (cache) =>
      createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: address }),
    onNotice(notice) {
      if (notice.kind !== 'reorg' && notice.kind !== 'deep-reorg') return
      const { depth, ancestorBlock, tipBlock } = notice
      reorgs.emit({ depth, ancestorBlock, tipBlock })
    },
  })
  const quotes = raindex.live.openQuotes()
  const sides = chainRaindex(raindex, { pool, orderbook: address })
  return {
    served: {
      ...{ chainId, orderbook: address, raindex, quotes },
      beside: (pair, signal) => quoteBeside(sides, pair, signal),
    },
    caughtUp: (signal) => raindex.caughtUp(signal),
    onReorg: (listener) => reorgs.add(listener),
    async grounds(quoteId) {
      const row = quotes.collection.get(quoteId)
      const reads = quotes.readSet(quoteId)
      if (row === undefined || reads === undefined) return undefined
      return {
        asOf: row.asOf,
        rows: [...reads.rows].slice(0, mostRows),
        clock: reads.clock,
        lacksCode: reads.lacksCode,
        lastEvent: await lastEventOf(database),
      }
    },
    replica: () => ({ orderbook, snapshot: raindex.live.snapshot(), code: local.artifacts }),
    async close() {
      quotes.close()
      await raindex.close()
      heads.close()
      await database.close()
    },
  }
}

const mostRows = 100

/** The newest event that the database holds. */
async function lastEventOf(database: LocalDatabase): Promise<QuoteGrounds['lastEvent']> {
  const [row] = await database.query(
    'SELECT block_number, log_index, transaction_hash FROM raw_events ORDER BY block_number DESC, log_index DESC LIMIT 1',
  )
  if (row === undefined) return null
  return {
    block: Number(row['block_number']),
    logIndex: Number(row['log_index']),
    transactionHash: String(row['transaction_hash']),
  }
}
