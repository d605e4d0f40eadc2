import type { SharedReplay } from '../open-replay.ts'
import { openReplayBook, type ReplayBook } from './replay-book.ts'
import { toPlainError, type FromReplayWorker, type ToReplayWorker } from './replay-messages.ts'
import { workerScope } from '../../../worker/worker-scope.ts'

export type ServeReplayOptions = {
  /**
   * Opens what the page has sent as its book, such as an address to load it from. Default: it is a `ReplayBook`.
   */
  readonly open?: ((book: unknown) => Promise<ReplayBook>) | undefined
}

/** Answers the calls of `openReplayWorkers`. To be called once, in a worker. */
export function serveReplay({ open }: ServeReplayOptions = {}): void {
  const scope = workerScope()
  const cancels = new Map<number, AbortController>()
  let replay: Promise<SharedReplay> | undefined
  const post = (message: FromReplayWorker, transfer: readonly ArrayBuffer[] = []): void =>
    scope.post(message, transfer)

  const load = async (book: unknown): Promise<SharedReplay> => {
    // Sent by our own other side.
    const given = open === undefined ? (book as ReplayBook) : await open(book)
    return openReplayBook(given)
  }
  const opened = (): Promise<SharedReplay> =>
    replay ?? Promise.reject(new Error('No book was opened in this worker.'))

  const answer = async (message: Exclude<ToReplayWorker, { readonly kind: 'cancel' }>): Promise<void> => {
    const { call } = message
    switch (message.kind) {
      case 'open': {
        replay = load(message.book)
        const { range, orders } = await replay
        return post({ kind: 'done', call, value: { range, orders: orders() } })
      }
      case 'inspect': {
        const value = await (await opened()).inspect(message.subject, message.second)
        return post({ kind: 'done', call, value })
      }
      case 'run': {
        const abort = new AbortController()
        cancels.set(call, abort)
        const value = await (
          await opened()
        ).runPart(message.request, message.part, {
          signal: abort.signal,
          onProgress: (progress) => post({ kind: 'progress', call, progress }),
        })
        // The columns of a series lie in one buffer.
        return post(
          { kind: 'done', call, value },
          value.series.map(({ columns }) => columns.time.buffer as ArrayBuffer),
        )
      }
    }
  }
  scope.onMessage((data) => {
    // Sent by our own other side.
    const message = data as ToReplayWorker
    if (message.kind === 'cancel') return cancels.get(message.call)?.abort()
    answer(message)
      .catch((error: unknown) => post({ kind: 'failed', call: message.call, error: toPlainError(error) }))
      .finally(() => cancels.delete(message.call))
      .catch(() => undefined)
  })
}
