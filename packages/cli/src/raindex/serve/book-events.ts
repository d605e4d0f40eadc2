import type { Clock, Collection, Row } from '@freshet/core'
import type { VaultRow } from '@freshet/raindex/engine'
import type { QuoteRow } from '@freshet/raindex/live'
import type { ServerResponse } from 'node:http'
import { plainReason } from '../simulation.ts'
import { healthOf, quoteJson, quotesOf, vaultJson, type ServedBook } from './served-book.ts'

/** One stream of server-sent events for all that changes in order books. */
export type BookEvents = {
  /** How many streams are open. */
  readonly listeners: number
  /** Answers with the stream: how each book is now, then every change. @returns false when too many are open. */
  stream(response: ServerResponse): boolean
  /** Ends the streams. */
  close(): void
}

const mostListeners = 64
/** A listener that does not read is let go: its stream begins anew when it comes back. */
const mostUnreadBytes = 4 * 2 ** 20

/**
 * Tells of changes as `book` (how true a book is to its chain), `order`, `vault` and `quote`, each with the row as it
 * is now, or null where it is gone.
 */
export function createBookEvents(books: readonly ServedBook[], clock: Clock): BookEvents {
  const listeners = new Set<ServerResponse>()

  const tell = (event: string, data: unknown): void => {
    const text = eventText(event, data)
    for (const listener of listeners) {
      if (listener.writableLength > mostUnreadBytes) listener.destroy()
      else listener.write(text)
    }
  }
  const tellRows = (
    { chainId, orderbook }: ServedBook,
    name: string,
    rows: Collection,
    toJson: (row: Row) => object,
  ): (() => void) =>
    rows.subscribe(({ ids }) => {
      if (listeners.size === 0) return
      for (const id of ids === 'all' ? rows.ids() : ids) {
        const row = rows.get(id)
        tell(name, { chainId, orderbook, id, [name]: row === undefined ? null : toJson(row) })
      }
    })
  const tellHealth = (book: ServedBook): (() => void) => {
    let shown = ''
    return book.raindex.subscribe(() => {
      const { ageMs, ...health } = healthOf(book, clock.now())
      const text = JSON.stringify(health)
      if (text !== shown) tell('book', { ...health, ageMs })
      shown = text
    })
  }
  const stops = books.flatMap((book) => [
    tellHealth(book),
    tellRows(book, 'order', book.raindex.live.orders, (row) => row),
    // Rows of the projection, and of the quotes.
    tellRows(book, 'vault', book.raindex.live.vaults, (row) => vaultJson(row as VaultRow)),
    tellRows(book, 'quote', quotesOf(book), (row) => quoteJson(row as QuoteRow)),
  ])
  return {
    get listeners() {
      return listeners.size
    },
    stream(response) {
      if (listeners.size >= mostListeners) return false
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      for (const book of books) response.write(eventText('book', healthOf(book, clock.now())))
      return true
    },
    close() {
      for (const stop of stops) stop()
      for (const listener of listeners) listener.end()
    },
  }
}

function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data, plainReason)}\n\n`
}
