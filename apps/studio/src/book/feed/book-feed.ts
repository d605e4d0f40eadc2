import type { BookHealth, BookInfo, NamedBook } from '@freshet/cli/studio'
import type { ToldOrder, ToldPair, ToldVault } from '../book-answers.ts'
import { bookRows } from '../book-rows.ts'
import type { FromBookWorker, RowChange, ToBookWorker } from './feed-messages.ts'
import { createRowSlices } from './row-slices.ts'
import { createToldRows, type ToldRows } from './told-rows.ts'

export type BookFeedOptions = {
  post(message: FromBookWorker): void
  /** As `askBook`. */
  ask<T>(path: string, signal: AbortSignal): Promise<T>
  /** Opens a stream of server-sent events. */
  openEvents(path: string): Events
  /** Runs something behind the events that are being told. */
  later(act: () => void): void
  nowUnixMs(): number
}

/** What is used of an `EventSource`. */
type Events = {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void
  close(): void
}

type Page = {
  readonly rows: readonly ({ readonly id: string } & Record<string, unknown>)[]
  readonly next: string | null
}

/** The kinds of rows as our service names them, in the order they are read. */
const kinds = ['order', 'quote', 'vault'] as const
type Kind = (typeof kinds)[number]
type Told = { readonly id: string } & { readonly [kind in Kind]?: unknown }

/** Follows a book: reads its rows once, then takes in each as it is told, and hands over what is listed of them. */
export function createBookFeed(options: BookFeedOptions): (message: ToBookWorker) => void {
  const { post, ask, openEvents, later, nowUnixMs } = options
  const slices = createRowSlices({ give: (changes) => post({ kind: 'rows', changes }), later })
  const known: { readonly [kind in Kind]: ToldRows } = {
    order: createToldRows(),
    quote: createToldRows(),
    vault: createToldRows(),
  }
  let lists: BookLists | undefined
  let ending = new AbortController()
  let events: Events | undefined
  const view = (changes: Extract<FromBookWorker, { kind: 'view' }>['changes']): void =>
    post({ kind: 'view', changes })

  const readAll = async (book: string, into: BookLists, signal: AbortSignal): Promise<void> => {
    // From here on what is told counts for more than what is read.
    const readings = kinds.map((kind) => [kind, known[kind].begin()] as const)
    for (const [kind, reading] of readings) {
      let after: string | null = ''
      while (after !== null) {
        const { rows, next }: Page = await ask(
          `books/${book}/${kind}s?after=${encodeURIComponent(after)}`,
          signal,
        )
        signal.throwIfAborted()
        for (const row of rows) if (reading.read(row.id)) into.take(kind, row.id, row)
        after = next
      }
      for (const id of reading.finish()) into.take(kind, id, null)
    }
    slices.afterwards(() => view({ isRead: true, trouble: undefined }))
  }
  const rest = (): void => {
    ending.abort()
    events?.close()
    events = undefined
  }
  const follow = (info: BookInfo, book: NamedBook): void => {
    rest()
    const { orderbook } = book
    const into = (lists ??= createBookLists(info, book, slices.change))
    const opened = openEvents(`events?orderbook=${orderbook}`)
    events = opened
    opened.addEventListener('open', () => {
      ending.abort()
      ending = new AbortController()
      const { signal } = ending
      view({ isConnected: true })
      readAll(orderbook, into, signal).catch((error: unknown) => {
        if (!signal.aborted) view({ trouble: error instanceof Error ? error.message : String(error) })
      })
    })
    opened.addEventListener('error', () => view({ isConnected: false }))
    opened.addEventListener('book', ({ data }: MessageEvent<string>) => {
      // Written by our own service from this type, here and below.
      const health = JSON.parse(data) as BookHealth
      const { ageMs } = health
      view({ health, blockAtUnixMs: ageMs === null ? undefined : nowUnixMs() - ageMs })
    })
    for (const kind of kinds) {
      opened.addEventListener(kind, ({ data }: MessageEvent<string>) => {
        const { id, [kind]: row = null } = JSON.parse(data) as Told
        known[kind].told(id, row !== null)
        into.take(kind, id, row)
      })
    }
  }
  return (message) => {
    switch (message.kind) {
      case 'follow':
        return follow(message.info, message.book)
      case 'rest':
        return rest()
      case 'taken':
        return slices.taken()
    }
  }
}

type BookLists = { take(kind: Kind, id: string, told: unknown): void }

/** What is listed of the rows of a book. A pair is known by the tokens of its order, which may be told after it. */
function createBookLists(info: BookInfo, book: NamedBook, change: (change: RowChange) => void): BookLists {
  const rows = bookRows(info, book)
  const orders = new Map<string, ToldOrder>()
  const withoutOrder = new Map<string, ToldPair>()
  const takeOrder = (id: string, order: ToldOrder | null): void => {
    if (order === null) orders.delete(id)
    else orders.set(id, order)
    change({ list: 'orders', id, row: order && rows.order(id, order) })
    if (order === null) return
    for (const [pairId, pair] of withoutOrder) if (pair.order === id) takePair(pairId, pair)
  }
  const takePair = (id: string, pair: ToldPair | null): void => {
    const order = pair === null ? undefined : orders.get(pair.order)
    if (pair === null || order !== undefined) withoutOrder.delete(id)
    else withoutOrder.set(id, pair)
    change({ list: 'pairs', id, row: pair && rows.pair(id, pair, order) })
  }
  return {
    take(kind, id, told) {
      // Our own service names the kind of what it tells.
      switch (kind) {
        case 'order':
          return takeOrder(id, told as ToldOrder | null)
        case 'quote':
          return takePair(id, told as ToldPair | null)
        case 'vault': {
          const vault = told as ToldVault | null
          return change({ list: 'vaults', id, row: vault && rows.vault(id, vault) })
        }
      }
    },
  }
}
