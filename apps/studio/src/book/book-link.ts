import type { BookHealth } from '@freshet/cli/studio'
import type { Readable } from '../data/readable.ts'
import { askBook, type OrderRow, type PairRow, type VaultRow } from './book-answers.ts'
import { createGathering } from './gathering.ts'
import { createLiveRows, type LiveRows, type LiveRowsKeeper } from './live-rows.ts'

/** The book as this page knows it. */
export type BookView = {
  /** False: nobody tells of changes; what is shown is what was known. */
  readonly isConnected: boolean
  readonly health: BookHealth | undefined
  /** When the block was made that the state is of. */
  readonly blockAtUnixMs: number | undefined
  /** Whether the lists below were read to their ends. */
  readonly isRead: boolean
  readonly pairs: LiveRows<PairRow>
  readonly orders: LiveRows<OrderRow>
  readonly vaults: LiveRows<VaultRow>
  /** Why the lists may be old. */
  readonly trouble: string | undefined
}

export type BookLink = Readable<BookView>

type Page<T> = { readonly rows: readonly T[]; readonly next: string | null }

/** The kinds of rows, in the order they are read. */
const kinds = ['order', 'quote', 'vault'] as const
type Kind = (typeof kinds)[number]
type Told = { readonly id: string } & { readonly [kind in Kind]?: object | null }

/** Follows a book: reads its rows once, then takes in each as it is told. Only while somebody listens and the page can be seen. */
export function createBookLink(orderbook: string, page: Document = document): BookLink {
  const listeners = new Set<() => void>()
  const pairs = createLiveRows<PairRow>()
  const orders = createLiveRows<OrderRow>()
  const vaults = createLiveRows<VaultRow>()
  const rowsOf: { readonly [kind in Kind]: LiveRowsKeeper<object> } = {
    order: orders,
    quote: pairs,
    vault: vaults,
  }
  const lists = () => ({ pairs: pairs.get(), orders: orders.get(), vaults: vaults.get() })
  let view: BookView = {
    ...{ isConnected: false, health: undefined, blockAtUnixMs: undefined, isRead: false, trouble: undefined },
    ...lists(),
  }
  let ending = new AbortController()
  let events: EventSource | undefined
  const set = (changes: Partial<BookView>): void => {
    view = { ...view, ...changes }
    for (const listener of listeners) listener()
  }
  const told = createGathering<readonly [Kind, string, object | null]>((all) => {
    for (const kind of kinds) {
      const own = all.flatMap(([of, id, row]) => (of === kind ? [[id, row] as const] : []))
      if (own.length > 0) rowsOf[kind].take(own)
    }
    set(lists())
  })

  const readAll = async (signal: AbortSignal): Promise<void> => {
    // From here on what is told counts for more than what is read.
    const readings = kinds.map((kind) => [kind, rowsOf[kind].begin()] as const)
    for (const [kind, reading] of readings) {
      let after: string | null = ''
      while (after !== null) {
        const { rows, next }: Page<{ readonly id: string }> = await askBook(
          `books/${orderbook}/${kind}s?after=${encodeURIComponent(after)}`,
          signal,
        )
        signal.throwIfAborted()
        reading.add(rows)
        set(lists())
        after = next
      }
      reading.finish()
    }
    set({ ...lists(), isRead: true, trouble: undefined })
  }
  const follow = (): void => {
    ending.abort()
    events?.close()
    events = undefined
    if (page.hidden || listeners.size === 0) return
    events = new EventSource(`/book/events?orderbook=${orderbook}`)
    events.addEventListener('open', () => {
      ending.abort()
      ending = new AbortController()
      const { signal } = ending
      set({ isConnected: true })
      readAll(signal).catch((error: unknown) => {
        if (!signal.aborted) set({ trouble: error instanceof Error ? error.message : String(error) })
      })
    })
    events.addEventListener('error', () => set({ isConnected: false }))
    events.addEventListener('book', ({ data }: MessageEvent<string>) => {
      // Written by our own service from this type, here and below.
      const health = JSON.parse(data) as BookHealth
      const { ageMs } = health
      set({ health, blockAtUnixMs: ageMs === null ? undefined : Date.now() - ageMs })
    })
    for (const kind of kinds) {
      events.addEventListener(kind, ({ data }: MessageEvent<string>) => {
        const { id, [kind]: row = null } = JSON.parse(data) as Told
        told.add([kind, id, row && { id, ...row }])
      })
    }
  }
  const stop = (): void => {
    page.removeEventListener('visibilitychange', follow)
    ending.abort()
    events?.close()
    told.forget()
  }
  return {
    get: () => view,
    subscribe(listener) {
      listeners.add(listener)
      if (listeners.size === 1) {
        page.addEventListener('visibilitychange', follow)
        follow()
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
  }
}
