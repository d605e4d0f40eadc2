import type { ReplayBook } from '@freshet/raindex/client'
import type { Address, Bytes32, ChainLog, TokenRow } from '@freshet/raindex/engine'
import recordedBookUrl from './recorded-book.generated.json?url'

/** A recorded order book with what people call its parts. */
export type RecordedBook = Omit<ReplayBook, 'source' | 'tokens'> & {
  readonly title: string
  /** Seconds since 1970. */
  readonly from: number
  readonly head: { readonly number: number; readonly timestamp: number }
  readonly tokens: readonly (TokenRow & { readonly symbol: string })[]
  readonly orders: readonly { readonly hash: Bytes32; readonly name: string }[]
  readonly logs: readonly ChainLog[]
}

/**
 * Loads the book that is recorded in Studio.
 *
 * @throws {Error} when the server does not give it.
 */
export async function loadRecordedBook(signal: AbortSignal): Promise<RecordedBook> {
  const response = await fetch(recordedBookUrl, { signal })
  if (!response.ok) throw new Error(`The recorded book cannot be loaded: the server says ${response.status}.`)
  // Built with the page, from `replay-demo.ts`; what reads the logs checks them again.
  return (await response.json()) as RecordedBook
}

/** The book as a replay takes it. */
export function replayBookOf({ orderbook, chainId, tokens, head, code, logs }: RecordedBook): ReplayBook {
  const decimals = tokens.map(({ token, decimals }) => ({ token, decimals }))
  return { orderbook, chainId, head, code, tokens: decimals, source: { kind: 'logs', logs } }
}

export function symbolOf({ tokens }: Pick<RecordedBook, 'tokens'>, token: Address | undefined): string {
  return tokens.find((known) => known.token === token)?.symbol ?? token?.slice(0, 10) ?? '?'
}
