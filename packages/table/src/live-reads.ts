import type { Row } from '@freshet/core'

/**
 * Where an answer may come from [R1–R6].
 *
 * - `cache-first`: from the cache when it is known and nothing has invalidated it; else from the remote.
 * - `stale-while-revalidate`: from the cache when it is known at all; the remote is asked in the background.
 * - `network`: from the remote.
 * - `cache-only`: from the cache, or an error.
 *
 * While the remote is out of reach, all but `network` go on with what is known and say `stale`.
 */
export type ReadMode = 'cache-first' | 'stale-while-revalidate' | 'network' | 'cache-only'

export type ReadOptions = {
  /** Default: the table's own mode. */
  readonly mode?: ReadMode | undefined
  readonly signal?: AbortSignal | undefined
}

/** How true an answer is. */
export type ReadFreshness = {
  readonly source: 'cache' | 'remote'
  /** When the remote last said so. 0 for what only pending writes made. */
  readonly fetchedAtUnixMs: number
  /** Whether changes may have been missed since. */
  readonly stale: boolean
  /** Whether writes of ours that are not confirmed yet are part of the answer. */
  readonly pending: boolean
}

export type ListResult<R extends Row = Row> = ReadFreshness & {
  /** The rows by id, in the order of the query. */
  readonly rows: ReadonlyMap<string, R>
  /** How many match without the window, where the remote counts. */
  readonly total: number | undefined
}

export type RowResult<R extends Row = Row> = ReadFreshness & { readonly row: R | undefined }
