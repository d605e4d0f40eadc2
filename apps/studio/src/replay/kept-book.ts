import type { BookInfo, HistoryPage } from '@freshet/cli/studio'
import type { Bytes32, ChainLog } from '@freshet/raindex/engine'
import { askBook } from '../book/book-answers.ts'
import type { ReplaySubject } from './replay-subject.ts'

export type KeptBookRequest = {
  readonly info: BookInfo
  readonly orderbook: string
  /** A second that the chart must hold, where the book was there by then. */
  readonly time: number | undefined
  readonly signal: AbortSignal
  /** Told how many of how many blocks are read. */
  onProgress(blocks: number, of: number): void
}

/** How much of the past is shown. */
const shownSeconds = 3_600
const mostAttempts = 5

/**
 * Reads what Studio's server keeps of a live book, up to its newest block.
 *
 * @throws {Error} what the server said, or that the chain was reorganised again and again meanwhile.
 */
export async function loadKeptBook(request: KeptBookRequest): Promise<ReplaySubject> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const found = await readHistory(request)
    if (found !== undefined) return subjectOf(request, found.last, found.logs)
  }
  throw new Error('The chain was reorganised again and again while its history was read. Try again.')
}

/** Page by page; undefined where the chain was reorganised meanwhile. */
async function readHistory({ orderbook, signal, onProgress }: KeptBookRequest) {
  const logs: ChainLog[] = []
  let last: HistoryPage | undefined
  let after: number | null = -1
  while (after !== null) {
    const page: HistoryPage = await askBook(`books/${orderbook}/history?after=${after}`, signal)
    if (last !== undefined && page.rewinds !== last.rewinds) return undefined
    for (const log of page.logs) logs.push(log)
    after = page.next
    last = page
    onProgress(after ?? page.head.number, page.head.number)
  }
  return last && { last, logs }
}

function subjectOf(
  { info, orderbook, time = Infinity }: KeptBookRequest,
  { chainId, orderbook: book, head, tokens, code }: HistoryPage,
  logs: readonly ChainLog[],
): ReplaySubject {
  const named = info.books.find((known) => known.orderbook === orderbook)
  const symbols = new Map(info.tokens.map(({ address, symbol }) => [address, symbol]))
  const first = logs[0]?.blockTimestamp ?? head.timestamp
  return {
    orderbook,
    title: `${named?.name ?? orderbook} up to block ${head.number.toLocaleString('en')}`,
    from: Math.max(first, Math.min(time, head.timestamp - shownSeconds)),
    head,
    tokens: tokens.map((row) => ({ ...row, symbol: symbols.get(row.token) ?? row.token.slice(0, 10) })),
    // As hashes they are written by our own server.
    orders: (named?.orders ?? []).map(({ hash, name }) => ({ hash: hash as Bytes32, name })),
    book: { orderbook: book, chainId, head, tokens, code, source: { kind: 'logs', logs } },
  }
}
