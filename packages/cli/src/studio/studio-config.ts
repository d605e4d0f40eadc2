import type { TableSchema } from '@freshet/table'

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
}

/** The demo as its bar shows it. */
export type DemoState = {
  readonly databaseRunning: boolean
  /** Whether someone else writes every two seconds. */
  readonly othersWrite: boolean
}

/** A request of the demo bar. */
export type DemoAction = 'start-database' | 'stop-database' | 'write-now' | 'start-others' | 'stop-others'
