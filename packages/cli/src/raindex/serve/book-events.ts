import { FreshetError, type Clock, type Collection, type Row } from '@freshet/core'
import type { Address, VaultRow } from '@freshet/raindex/engine'
import type { QuoteRow } from '@freshet/raindex/live'
import type { ServerResponse } from 'node:http'
import { plainReason } from '../simulation.ts'
import { healthOf, quoteJson, vaultJson } from './book-json.ts'
import { isIn, quotesOf, type BookScope, type ServedBook } from './served-book.ts'

/** One stream of server-sent events for all that changes in order books. */
export type BookEvents = {
  /** How many streams are open. */
  readonly listeners: number
  /**
   * Answers with the stream: how each book is now, then every change.
   *
   * @param scope - Only of these books, and the quotes for this counterparty. Default all, for the zero address.
   * @returns why there is none; undefined where there is one.
   */
  stream(response: ServerResponse, scope?: EventScope): string | undefined
  /** Ends the streams. */
  close(): void
}

/** What a listener hears of. */
type EventScope = BookScope & {
  readonly counterparty?: Address | undefined
  /** Pairs that are quoted for the counterparty. Default all. */
  readonly ids?: readonly string[] | undefined
}

const mostListeners = 64
/** Written at once; then it is waited until the listener has read. */
const writtenAtOnce = 64 * 1_024

/** What a listener has not been told yet, each thing once: its text is made when its turn comes. */
type Untold = Map<string, () => string>

/**
 * Tells of changes as `book` (how true a book is to its chain), `order`, `vault` and `quote`, each with the row as it
 * is now, or null where it is gone.
 *
 * Whoever reads slowly is told less often, and never of what was long ago: of each row only the newest waits.
 */
export function createBookEvents(books: readonly ServedBook[], clock: Clock): BookEvents {
  const listeners = new Set<Listener>()

  const tell = (book: ServedBook, name: EventName, key: string, text: () => string): void => {
    for (const listener of listeners) if (listener.hears(book, name)) listener.tell(key, text)
  }
  const tellRows = (
    book: ServedBook,
    name: EventName,
    rowsOf: () => Collection,
    toJson: (row: Row) => object,
  ): (() => void) => {
    const { chainId } = book
    const orderbook = book.orderbook.address
    const tellIds = (rows: Collection, ids: Iterable<string>): void => {
      if (listeners.size === 0) return
      for (const id of ids) {
        tell(book, name, `${name} ${chainId} ${orderbook} ${id}`, () => {
          const row = rows.get(id)
          return eventText(name, { chainId, orderbook, id, [name]: row === undefined ? null : toJson(row) })
        })
      }
    }
    return followReplaced(book, (before: Collection | undefined) => {
      const rows = rowsOf()
      if (before !== undefined) tellIds(rows, new Set([...before.ids(), ...rows.ids()]))
      return [rows, rows.subscribe(({ ids }) => tellIds(rows, ids === 'all' ? rows.ids() : ids))]
    })
  }
  const healthText = (book: ServedBook) => (): string => eventText('book', healthOf(book, clock.now()))
  const tellHealth = (book: ServedBook): (() => void) => {
    let shown = ''
    return book.raindex.subscribe(() => {
      const text = JSON.stringify({ ...healthOf(book, clock.now()), ageMs: null })
      if (text !== shown) tell(book, 'book', healthKey(book), healthText(book))
      shown = text
    })
  }
  const stops = books.flatMap((book) => [
    tellHealth(book),
    tellRows(
      book,
      'order',
      () => book.raindex.live.orders,
      (row) => row,
    ),
    // Rows of the projection, and of the quotes.
    tellRows(
      book,
      'vault',
      () => book.raindex.live.vaults,
      (row) => vaultJson(row as VaultRow),
    ),
    tellRows(
      book,
      'quote',
      () => quotesOf(book),
      (row) => quoteJson(row as QuoteRow),
    ),
  ])
  return {
    get listeners() {
      return listeners.size
    },
    stream(response, scope = {}) {
      if (listeners.size >= mostListeners) return 'Too many listeners. Try again later.'
      const { counterparty, ids = [] } = scope
      const heard = books.filter((book) => isIn(book, scope))
      const listener = createListener(
        response,
        (book, name) => heard.includes(book) && (name !== 'quote' || counterparty === undefined),
      )
      const ends: (() => void)[] = []
      const end = (): void => ends.forEach((stop) => stop())
      try {
        if (counterparty !== undefined)
          for (const book of heard) ends.push(followFor(book, { counterparty, ids }, listener))
      } catch (error) {
        end()
        if (error instanceof FreshetError) return error.message
        throw error
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      listeners.add(listener)
      response.on('close', () => {
        listeners.delete(listener)
        end()
      })
      for (const book of heard) listener.tell(healthKey(book), healthText(book))
      return undefined
    },
    close() {
      for (const stop of stops) stop()
      for (const listener of listeners) listener.end()
    },
  }
}

/** Tells a listener what is quoted for one counterparty: of some pairs, or of all there are by then. */
function followFor(
  book: ServedBook,
  { counterparty, ids }: { readonly counterparty: Address; readonly ids: readonly string[] },
  listener: Listener,
): () => void {
  const { chainId } = book
  const orderbook = book.orderbook.address
  return followReplaced(book, () => {
    const followed = book.counterparties?.follow(counterparty, (id, row) =>
      listener.tell(`quote ${chainId} ${orderbook} ${id}`, () => {
        const quote = row === undefined ? null : quoteJson(row)
        return eventText('quote', { chainId, orderbook, counterparty, id, quote })
      }),
    )
    if (followed === undefined) return [undefined, () => undefined]
    const all = quotesOf(book)
    let focused: ReadonlySet<string> = new Set(ids.length > 0 ? ids : all.ids())
    try {
      followed.focus(focused)
    } catch (error) {
      followed.end()
      throw error
    }
    const stop = all.subscribe(({ ids: changed }) => {
      if (ids.length > 0 || (changed !== 'all' && [...changed].every((id) => focused.has(id)))) return
      focused = new Set(all.ids())
      try {
        followed.focus(focused)
      } catch {
        // As many are followed as may be; the others are answered page by page.
      }
    })
    return [
      followed,
      () => {
        stop()
        followed.end()
      },
    ]
  })
}

/** Follows what a book has, and what it has instead when that is replaced. */
function followReplaced<T>(
  book: ServedBook,
  follow: (before: T | undefined) => readonly [T, () => void],
): () => void {
  let [followed, stop] = follow(undefined)
  const stopReplaced = book.onReplaced?.(() => {
    stop()
    ;[followed, stop] = follow(followed)
  })
  return () => {
    stop()
    stopReplaced?.()
  }
}

type EventName = 'book' | 'order' | 'vault' | 'quote'

type Listener = {
  hears(book: ServedBook, name: EventName): boolean
  tell(key: string, text: () => string): void
  end(): void
}

function createListener(response: ServerResponse, hears: Listener['hears']): Listener {
  const untold: Untold = new Map()
  let isWriting = false
  const writeNext = (): void => {
    isWriting = false
    while (untold.size > 0 && !response.destroyed) {
      if (response.write(take(untold))) continue
      isWriting = true
      response.once('drain', writeNext)
      return
    }
  }
  return {
    hears,
    tell(key, text) {
      untold.set(key, text)
      if (isWriting) return
      isWriting = true
      // Behind the notice that is being given, so that what changes together is written together.
      queueMicrotask(writeNext)
    },
    end: () => void response.end(),
  }
}

/** As much as is written at once. */
function take(untold: Untold): string {
  let text = ''
  for (const [key, textOf] of untold) {
    untold.delete(key)
    text += textOf()
    if (text.length >= writtenAtOnce) break
  }
  return text
}

function healthKey({ chainId, orderbook }: ServedBook): string {
  return `book ${chainId} ${orderbook.address}`
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data, plainReason)}\n\n`
}
