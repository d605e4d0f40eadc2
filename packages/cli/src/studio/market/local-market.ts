import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createListeners, systemClock, systemRandom, type Clock, type Random } from '@freshet/core'
import { startLocalBook, type LocalBook } from '@freshet/raindex/testing'
import { openBookServer } from '../../raindex/serve/book-server.ts'
import type { BookInfo, MarketState } from '../studio-config.ts'
import { openMarketBooks, type MarketBooks } from './market-books.ts'
import { marketTokens, openMainMarket, openSmallMarket, type Market } from './market-orders.ts'
import { tradeOnce } from './trade-once.ts'

export type LocalMarketOptions = {
  /** The file of anvil; see `findLocalAnvil`. */
  readonly anvil: string
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /** Between two trades, at least; at most twice as long. Default 1000. */
  readonly tradeEveryMs?: number | undefined
}

/** A local chain with order books on it, traders that keep trading, and what Freshet makes of it. */
export type LocalMarket = {
  readonly info: BookInfo
  /** Of the service that answers for the books, on loopback. */
  readonly serviceUrl: string
  state(): MarketState
  subscribe(listener: () => void): () => void
  setTrading(isTrading: boolean): void
  /** Replaces the last few blocks by empty ones: their trades have never been. */
  reorganize(): Promise<void>
  close(): Promise<void>
}

/** Beside the blocks that trades make. Fewer than one each second in all, as each has a second of its own. */
const mineEverySeconds = 4
const catchUpMs = 5_000
const blocksReplaced = [3, 4, 5, 6] as const

/**
 * Starts the chain with its orders, keeps its books live in a database in a temporary folder, and sets the traders off.
 *
 * @throws what `spawn` throws when the file is no program, and what the chain refuses.
 */
export async function startLocalMarket(options: LocalMarketOptions): Promise<LocalMarket> {
  const { anvil, clock = systemClock } = options
  const closing: (() => Promise<unknown>)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  try {
    // The past has room for the blocks that are made while it starts.
    const startsAt = Math.floor(clock.now() / 1_000) - 120
    const book = await startLocalBook({ anvil, startsAt, mineEverySeconds, tokens: marketTokens })
    closing.push(() => book.close())
    const markets = [await openMainMarket(book), await openSmallMarket(await book.deployAnother())]
    // So that no reorganisation undoes the orders.
    await book.mine(Math.max(...blocksReplaced))
    await setTime(book, clock)
    const folder = await mkdtemp(join(tmpdir(), 'freshet-market-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const books = markets.map((market) => market.book)
    const watched = await openMarketBooks(books, join(folder, 'books.sqlite'), clock)
    closing.push(() => watched.close())
    const server = await openBookServer({ books: watched.served, clock })
    closing.push(() => server.close())
    const traders = createTraders(book, markets, watched, options)
    closing.push(() => traders.stop())
    traders.setTrading(true)
    return {
      info: infoOf(book, markets),
      serviceUrl: server.url,
      state: traders.state,
      subscribe: traders.subscribe,
      setTrading: traders.setTrading,
      reorganize: traders.reorganize,
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Trades one after the other; a reorganisation waits for its turn among them. */
function createTraders(
  book: LocalBook,
  markets: readonly Market[],
  watched: MarketBooks,
  options: LocalMarketOptions,
) {
  const { clock = systemClock, random = systemRandom, tradeEveryMs = 1_000 } = options
  const listeners = createListeners<void>(() => undefined)
  let state: MarketState = { trading: false, trades: 0, reorg: null, trouble: null }
  let cancel = (): void => undefined
  let turn: Promise<unknown> = Promise.resolve()
  const set = (changes: Partial<MarketState>): void => {
    state = { ...state, ...changes }
    listeners.emit()
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }
  const trade = async (): Promise<void> => {
    try {
      await inTurn(() => tradeOnce(markets, random))
      set({ trades: state.trades + 1, trouble: null })
    } catch (error) {
      set({ trouble: error instanceof Error ? error.message : String(error) })
    }
    if (state.trading) wait()
  }
  const wait = (): void => {
    cancel = clock.schedule(() => void trade(), tradeEveryMs * (1 + random.next()))
  }
  const stopTelling = watched.onReorg((reorg) => set({ reorg: { ...reorg, atUnixMs: clock.now() } }))
  return {
    state: () => state,
    subscribe: (listener: () => void) => listeners.add(listener),
    setTrading(trading: boolean): void {
      if (trading === state.trading) return
      cancel()
      set({ trading })
      if (trading) wait()
    },
    reorganize: () =>
      inTurn(async () => {
        // What was not taken in cannot be undone: the effect is to be seen.
        await watched.caughtUp(AbortSignal.timeout(catchUpMs)).catch(() => undefined)
        const depth = blocksReplaced[Math.floor(random.next() * blocksReplaced.length)] ?? blocksReplaced[0]
        await book.reorganize(depth)
        await setTime(book, clock)
        // Longer than the chain it replaces.
        await book.mine(1)
      }),
    async stop(): Promise<void> {
      state = { ...state, trading: false }
      cancel()
      stopTelling()
      await turn
    },
  }
}

/** The chain's clock follows that of the machine. */
async function setTime(book: Pick<LocalBook, 'request'>, clock: Clock): Promise<void> {
  await book.request('evm_setTime', [Math.floor(clock.now() / 1_000)])
}

function infoOf({ chainId, tokens }: LocalBook, markets: readonly Market[]): BookInfo {
  const takers = markets.flatMap((market) => market.takers.map(({ address }) => address))
  return {
    kind: 'local',
    chainId,
    books: markets.map(({ name, book, orders }) => ({
      orderbook: book.orderbook.address,
      name,
      orders: orders.map((order) => ({ hash: order.orderHash, name: order.name })),
    })),
    tokens: tokens.map(({ address, symbol }) => ({ address, symbol })),
    counterparties: [...new Set(takers)],
  }
}
