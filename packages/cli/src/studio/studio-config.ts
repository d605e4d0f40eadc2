import type { TableSchema } from '@freshet/table'
import type { WorldInfo, WorldState } from './world/world-info.ts'

/** What Studio is told by its server: which tables there are, and where. Plain data, sent within the page. */
export type StudioConfig = {
  readonly title: string
  /** Names the local copy: another remote must have another name. */
  readonly cacheName: string
  /** A SurrealDB server, as the page reaches it. */
  readonly remote: { readonly url: string; readonly namespace: string; readonly database: string }
  /** In the order they are shown. */
  readonly tables: { readonly [table: string]: TableSchema }
  /** Whether the demo's controls are there. */
  readonly demo: boolean
  /** Absent: there is no local chain that could have one. */
  readonly book?: BookInfo | { readonly kind: 'none'; readonly why: string } | undefined
  /** Absent: there is no world. */
  readonly world?: WorldInfo | undefined
}

/** Order books that are kept live beside Studio, with what people call their parts. */
export type BookInfo = {
  readonly kind: 'local'
  readonly chainId: number
  /** One at least. */
  readonly books: readonly NamedBook[]
  readonly tokens: readonly { readonly address: string; readonly symbol: string }[]
  /** Some who might take. */
  readonly counterparties: readonly string[]
}

export type NamedBook = {
  readonly orderbook: string
  readonly name: string
  readonly orders: readonly { readonly hash: string; readonly name: string }[]
}

/** A reorganisation of the chain as the book has taken it in. */
export type BookReorg = {
  /** Blocks that were undone. */
  readonly depth: number
  readonly ancestorBlock: number
  /** The newest block before it. */
  readonly tipBlock: number
}

/** What goes on at the local chain. */
export type MarketState = {
  readonly trading: boolean
  /** Since it was started. */
  readonly trades: number
  readonly reorg: (BookReorg & { readonly atUnixMs: number }) | null
  /** Why the last trade was not made. */
  readonly trouble: string | null
}

/** The demo as its bar shows it. */
export type DemoState = {
  readonly databaseRunning: boolean
  /** Whether someone else writes every two seconds. */
  readonly othersWrite: boolean
  /** Absent: there is no local chain. */
  readonly market?: MarketState | undefined
  /** Absent: there is no world. */
  readonly world?: WorldState | undefined
}

/** A request of the demo bar. */
export type DemoAction =
  | 'start-database'
  | 'stop-database'
  | 'write-now'
  | 'start-others'
  | 'stop-others'
  | 'start-trades'
  | 'stop-trades'
  | 'reorganize'
  | 'kill-streams'
  | 'reindex'
  | 'start-torii'
  | 'stop-torii'
  | 'start-roaming'
  | 'stop-roaming'
  | 'refuse-next-move'
