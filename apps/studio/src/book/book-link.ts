import { createCollection, type Collection, type CollectionWriter, type Row } from '@freshet/core'
import type { BookInfo, NamedBook } from '@freshet/cli/studio'
import type { Readable } from '../data/readable.ts'
import type { OrderRow, PairRow, VaultRow } from './book-rows.ts'
import type { BookView, FromBookWorker, ListName, RowChange, ToBookWorker } from './feed/feed-messages.ts'
import { createPace } from './pace.ts'

export type { BookView } from './feed/feed-messages.ts'

/** A book as this page knows it. */
export type BookLink = Readable<BookView> & {
  readonly pairs: Collection<PairRow>
  readonly orders: Collection<OrderRow>
  readonly vaults: Collection<VaultRow>
}

const nothingKnown: BookView = {
  ...{ isConnected: false, health: undefined, blockAtUnixMs: undefined, isRead: false, trouble: undefined },
}

/** Lists the rows of a book as a worker hands them over. Only while somebody listens and the page can be seen. */
export function createBookLink(info: BookInfo, book: NamedBook, page: Document = document): BookLink {
  const listeners = new Set<() => void>()
  const pairs = createCollection<PairRow>({ name: 'pairs' })
  const orders = createCollection<OrderRow>({ name: 'orders' })
  const vaults = createCollection<VaultRow>({ name: 'vaults' })
  const writers: { readonly [list in ListName]: CollectionWriter } = {
    pairs: pairs.writer,
    orders: orders.writer,
    vaults: vaults.writer,
  }
  let view = nothingKnown
  let worker: Worker | undefined
  const pace = createPace(() => {
    for (const writer of Object.values(writers)) writer.notify()
  })
  const post = (message: ToBookWorker): void => worker?.postMessage(message)
  const look = (): void => post(page.hidden ? { kind: 'rest' } : { kind: 'follow', info, book })
  const hear = (message: FromBookWorker): void => {
    switch (message.kind) {
      case 'view':
        view = { ...view, ...message.changes }
        for (const listener of listeners) listener()
        return
      case 'rows':
        takeRows(writers, message.changes)
        pace.ask()
        return post({ kind: 'taken' })
    }
  }
  const start = (): void => {
    worker = new Worker(new URL('./feed/book-worker.ts', import.meta.url), { type: 'module' })
    // It posts nothing else.
    worker.addEventListener('message', ({ data }: MessageEvent<FromBookWorker>) => hear(data))
    page.addEventListener('visibilitychange', look)
    look()
  }
  const stop = (): void => {
    page.removeEventListener('visibilitychange', look)
    worker?.terminate()
    pace.forget()
    // Another worker would not know what of this is gone.
    view = nothingKnown
    for (const writer of Object.values(writers)) {
      writer.clear()
      writer.settle()
      writer.notify()
    }
  }
  return {
    pairs: pairs.collection,
    orders: orders.collection,
    vaults: vaults.collection,
    get: () => view,
    subscribe(listener) {
      listeners.add(listener)
      if (listeners.size === 1) start()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
  }
}

/** Of what is listed nothing is asked for by when it came. */
const stamp = { seq: 0, epoch: 0, nowUnixMs: 0 }

function takeRows(
  writers: { readonly [list in ListName]: CollectionWriter },
  changes: readonly RowChange[],
): void {
  for (const writer of Object.values(writers)) writer.begin()
  for (const { list, id, row } of changes) {
    if (row === null) writers[list].forget(id)
    else writers[list].put(id, row satisfies Row, stamp)
  }
  for (const writer of Object.values(writers)) writer.settle()
}
