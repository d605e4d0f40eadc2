import { createListeners, type Clock } from '@freshet/core'
import { createChainHeads, createRpcPool, type ChainNotice } from '@freshet/raindex/client'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import type { LocalBook } from '@freshet/raindex/testing'
import { openServedBook, type OpenServedBook, type ServedBook } from '../../raindex/serve/served-book.ts'
import type { BookReorg } from '../studio-config.ts'

/** The books of a local chain, kept live. */
export type MarketBooks = {
  readonly served: readonly ServedBook[]
  /** Resolves when they are at the chain's head. */
  caughtUp(signal: AbortSignal): Promise<void>
  /** Told as the first of them takes it in. */
  onReorg(listener: (reorg: BookReorg) => void): () => void
  close(): Promise<void>
}

/** A local chain is looked at often, as nobody pays for it. */
const pollMs = 500

/** Keeps the books live in a database at `path`. */
export async function openMarketBooks(
  books: readonly LocalBook[],
  path: string,
  clock: Clock,
): Promise<MarketBooks> {
  const [first] = books
  if (first === undefined) throw new RangeError('A market needs a book.')
  const database = await openLocalDatabase({ path, clock })
  const pool = createRpcPool({ chainId: first.chainId, rpcs: [first.url], clock })
  const heads = createChainHeads({ clock, pollMs })
  const reorgs = createListeners<BookReorg>(() => undefined)
  const opened: OpenServedBook[] = []
  for (const { chainId, orderbook, deployedAt: fromBlock } of books) {
    const onNotice = (notice: ChainNotice): void => {
      if (notice.kind !== 'reorg' && notice.kind !== 'deep-reorg') return
      const { depth, ancestorBlock, tipBlock } = notice
      if (orderbook === first.orderbook) reorgs.emit({ depth, ancestorBlock, tipBlock })
    }
    opened.push(
      await openServedBook({ chainId, orderbook, database, pool, heads, clock, fromBlock, onNotice }),
    )
  }
  return {
    served: opened,
    caughtUp: async (signal) =>
      void (await Promise.all(opened.map(({ raindex }) => raindex.caughtUp(signal)))),
    onReorg: (listener) => reorgs.add(listener),
    async close() {
      for (const book of opened) await book.close()
      heads.close()
      await database.close()
    },
  }
}
