import type { ReplayBook } from '@freshet/raindex/client'
import type { ChainLog } from '@freshet/raindex/engine'
import recordedBookUrl from './recorded-book.generated.json?url'
import type { ReplaySubject } from './replay-subject.ts'

/** What is recorded in Studio. */
type RecordedBook = Omit<ReplayBook, 'source' | 'tokens'> &
  Omit<ReplaySubject, 'book' | 'orderbook'> & { readonly logs: readonly ChainLog[] }

/**
 * Loads the book that is recorded in Studio.
 *
 * @throws {Error} when the server does not give it.
 */
export async function loadRecordedBook(signal: AbortSignal): Promise<ReplaySubject> {
  const response = await fetch(recordedBookUrl, { signal })
  if (!response.ok) throw new Error(`The recorded book cannot be loaded: the server says ${response.status}.`)
  // Built with the page, from `replay-demo.ts`; what reads the logs checks them again.
  const { title, from, head, tokens, orders, orderbook, chainId, code, logs } =
    (await response.json()) as RecordedBook
  const decimals = tokens.map(({ token, decimals: count }) => ({ token, decimals: count }))
  return {
    ...{ orderbook: undefined, title, from, head, tokens, orders },
    book: { orderbook, chainId, head, code, tokens: decimals, source: { kind: 'logs', logs } },
  }
}
