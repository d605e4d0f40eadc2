import type { Readable } from '../data/readable.ts'
import { askBook, type BookHealth, type OrderRow, type PairRow, type VaultRow } from './book-answers.ts'

/** The book as this page knows it. */
export type BookView = {
  /** False: nobody tells of changes; what is shown is what was known. */
  readonly isConnected: boolean
  readonly health: BookHealth | undefined
  /** When the block was made that the state is of. */
  readonly blockAtUnixMs: number | undefined
  /** By id. */
  readonly pairs: ReadonlyMap<string, PairRow>
  readonly orders: ReadonlyMap<string, OrderRow>
  readonly vaults: readonly VaultRow[]
  /** Why the lists may be old. */
  readonly trouble: string | undefined
}

export type BookLink = Readable<BookView>

type Page<T> = { readonly rows: readonly T[] }

const emptyView: BookView = {
  isConnected: false,
  health: undefined,
  blockAtUnixMs: undefined,
  pairs: new Map(),
  orders: new Map(),
  vaults: [],
  trouble: undefined,
}

/** Follows a book: quotes as they are told, vaults and orders with each block. Only while somebody listens and the page can be seen. */
export function createBookLink(orderbook: string, page: Document = document): BookLink {
  const listeners = new Set<() => void>()
  let ending = new AbortController()
  let view = emptyView
  let events: EventSource | undefined
  let isReading = false
  let isWanted = false
  const set = (changes: Partial<BookView>): void => {
    view = { ...view, ...changes }
    for (const listener of listeners) listener()
  }
  const quotes = createGathering<readonly [string, PairRow | null]>((told) => {
    const pairs = new Map(view.pairs)
    for (const [id, row] of told) {
      if (row === null) pairs.delete(id)
      else pairs.set(id, row)
    }
    set({ pairs })
  })
  const ask = <T>(what: string) => askBook<Page<T>>(`books/${orderbook}/${what}`, ending.signal)

  const readQuotes = async (): Promise<void> => {
    const before = view.pairs
    const { rows } = await ask<PairRow>('quotes')
    // What was told meanwhile is newer.
    const told = (id: string): boolean => view.pairs.get(id) !== before.get(id)
    const newer = [...view.pairs].filter(([id]) => told(id))
    const read = rows.filter(({ id }) => !told(id)).map((row) => [row.id, row] as const)
    set({ pairs: new Map([...read, ...newer]) })
  }
  /** What is not told row by row; once more where a block came meanwhile. */
  const readLists = async (): Promise<void> => {
    isWanted = true
    if (isReading) return
    isReading = true
    try {
      while (isWanted) {
        isWanted = false
        const [vaults, orders] = await Promise.all([ask<VaultRow>('vaults'), ask<OrderRow>('orders')])
        set({
          vaults: vaults.rows,
          orders: new Map(orders.rows.map((row) => [row.id, row])),
          trouble: undefined,
        })
      }
    } catch (error) {
      tell(error)
    } finally {
      isReading = false
    }
  }
  const tell = (error: unknown): void => {
    if (!ending.signal.aborted) set({ trouble: error instanceof Error ? error.message : String(error) })
  }
  const follow = (): void => {
    events?.close()
    events = undefined
    if (page.hidden || ending.signal.aborted) return
    events = new EventSource('/book/events')
    events.addEventListener('open', () => {
      set({ isConnected: true })
      readQuotes().catch(tell)
    })
    events.addEventListener('error', () => set({ isConnected: false }))
    events.addEventListener('book', ({ data }: MessageEvent<string>) => {
      // Written by our own service from this type.
      const health = JSON.parse(data) as BookHealth
      const { ageMs } = health
      set({ health, blockAtUnixMs: ageMs === null ? undefined : Date.now() - ageMs })
      void readLists()
    })
    events.addEventListener('quote', ({ data }: MessageEvent<string>) => {
      // Written by our own service from this type.
      const { id, quote } = JSON.parse(data) as {
        readonly id: string
        readonly quote: Omit<PairRow, 'id'> | null
      }
      quotes.add([id, quote && { id, ...quote }])
    })
  }
  const start = (): void => {
    ending = new AbortController()
    page.addEventListener('visibilitychange', follow)
    follow()
  }
  const stop = (): void => {
    page.removeEventListener('visibilitychange', follow)
    ending.abort(new Error('The page was left.'))
    events?.close()
    quotes.forget()
  }
  return {
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

/** Gives what was added together, once for each frame: a block may change thousands. */
function createGathering<T>(give: (all: readonly T[]) => void) {
  let gathered: T[] = []
  let frame: number | undefined
  return {
    add(one: T): void {
      gathered.push(one)
      frame ??= requestAnimationFrame(() => {
        frame = undefined
        const all = gathered
        gathered = []
        give(all)
      })
    },
    forget(): void {
      if (frame !== undefined) cancelAnimationFrame(frame)
      frame = undefined
      gathered = []
    },
  }
}
