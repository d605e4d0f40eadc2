import type { BookInfo } from '@freshet/cli/studio'
import { openReplayWorkers, webWorkerPort, type ReplayWorkers } from '@freshet/raindex/client'
import type { Bytes32 } from '@freshet/raindex/engine'
import type { KeptHistoryRequest } from './kept-history.ts'
import type { OpenedReplay, ReplaySubject } from './replay-subject.ts'

export type KeptBookRequest = {
  readonly info: BookInfo
  readonly orderbook: string
  /** A second that the chart must hold, where the book was there by then. */
  readonly time: number | undefined
  /** An order that has no name. */
  readonly order: string | undefined
  readonly signal: AbortSignal
  onShare(share: number): void
}

/** How much is read: what the worker says beside its answers. */
export type ReadingNote = { readonly kind: 'reading'; readonly share: number }

/** How much of the past is shown. */
const shownSeconds = 3_600

/**
 * Opens what Studio's server keeps of a live book, up to its newest block, in a worker that reads it by itself.
 *
 * @throws {Error} what the server said, or that the chain was reorganised again and again meanwhile.
 */
export async function openKeptBook(request: KeptBookRequest): Promise<OpenedReplay> {
  const { info, orderbook, order, signal, onShare } = request
  const worker = new Worker(new URL('./kept-book-worker.ts', import.meta.url), { type: 'module' })
  signal.addEventListener('abort', () => worker.terminate())
  worker.addEventListener('message', ({ data }: MessageEvent<ReadingNote | { readonly kind: 'other' }>) => {
    if (data.kind === 'reading') onShare(data.share)
  })
  const named = info.books.find((known) => known.orderbook === orderbook)?.orders ?? []
  const orders = [...named.map(({ hash }) => hash), ...(order === undefined ? [] : [order])]
  const wanted: KeptHistoryRequest = { orderbook, orders }
  const replay = await openReplayWorkers(wanted, { startWorker: () => webWorkerPort(worker) })
  return { subject: subjectOf(request, replay), replay }
}

function subjectOf(
  { info, orderbook, time = Infinity }: KeptBookRequest,
  { range: { first, head } }: Pick<ReplayWorkers, 'range'>,
): ReplaySubject {
  const named = info.books.find((known) => known.orderbook === orderbook)
  return {
    orderbook,
    title: `${named?.name ?? orderbook} up to block ${head.number.toLocaleString('en')}`,
    from: Math.max(first.timestamp, Math.min(time, head.timestamp - shownSeconds)),
    head,
    tokens: info.tokens.map(({ address, symbol }) => ({ token: address, symbol })),
    // As hashes they are written by our own server.
    orders: (named?.orders ?? []).map(({ hash, name }) => ({ hash: hash as Bytes32, name })),
  }
}
