import { openReplayWorkers, type ReplayBook } from '@freshet/raindex/client'
import type { ChainLog, TokenRow } from '@freshet/raindex/engine'
import recordedBookUrl from './recorded-book.generated.json?url'
import type { OpenedReplay, ReplaySubject } from './replay-subject.ts'

/** What is recorded in Studio. */
type RecordedBook = Omit<ReplayBook, 'source' | 'tokens'> &
  Omit<ReplaySubject, 'orderbook' | 'tokens'> & {
    readonly tokens: readonly (TokenRow & { readonly symbol: string })[]
    readonly logs: readonly ChainLog[]
  }

/**
 * Opens the book that is recorded in Studio, in a worker.
 *
 * @throws {Error} when the server does not give it.
 */
export async function openRecordedBook(signal: AbortSignal): Promise<OpenedReplay> {
  const response = await fetch(recordedBookUrl, { signal })
  if (!response.ok) throw new Error(`The recorded book cannot be loaded: the server says ${response.status}.`)
  // Built with the page, from `replay-demo.ts`; what reads the logs checks them again.
  const { title, from, head, tokens, orders, orderbook, chainId, code, logs } =
    (await response.json()) as RecordedBook
  const decimals = tokens.map(({ token, decimals: count }) => ({ token, decimals: count }))
  const book: ReplayBook = {
    ...{ orderbook, chainId, head, code, tokens: decimals },
    source: { kind: 'logs', logs },
  }
  const replay = await openReplayWorkers(book)
  return { subject: { orderbook: undefined, title, from, head, tokens, orders }, replay }
}
