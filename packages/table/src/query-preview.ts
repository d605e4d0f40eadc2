import { queryKey, type Filter, type Query } from '@freshet/core'
import { both } from './master-schema.ts'
import type { Master, MasterPreview } from './master.ts'
import { pageCacheKey } from './cache.ts'

/** How a query would be answered now, said without asking anyone. */
export type QueryPreview = {
  /**
   * `local`: computed from the rows held, which are all. `cache`: read before, and
   * nothing is known that changed it, or the master is out of reach. `remote`: the master is asked.
   */
  readonly source: 'local' | 'cache' | 'remote'
  /** The canonical key of the query: equal for queries that mean the same. */
  readonly key: string
  /** The key under which a `Cache` shows the page, of a live table. */
  readonly cacheKey: string | undefined
  /** What the master would be asked, where it can say so. */
  readonly remote: MasterPreview | undefined
}

/**
 * The preview of a query of a master's rows.
 *
 * @throws {FreshetError} `table/unsupported-filter`, as reading would.
 */
export function previewQuery(
  master: Master,
  filter: Filter | undefined,
  query: Query,
  known: (query: Query, key: string) => Pick<QueryPreview, 'source' | 'cacheKey'>,
): QueryPreview {
  const narrowed = both(filter, query.filter)
  const full = narrowed === undefined ? query : { ...query, filter: narrowed }
  const key = queryKey(full)
  return { ...known(full, key), key, remote: master.preview?.(full) }
}

/** The page that a window is, where it is one. */
export function pageKeyOf(
  cacheKey: string,
  { filter, order = [], offset = 0, limit }: Query,
): string | undefined {
  if (filter !== undefined || order.length > 0) return undefined
  if (limit === undefined) return offset === 0 ? pageCacheKey(cacheKey, 1) : undefined
  return limit > 0 && offset % limit === 0 ? pageCacheKey(cacheKey, offset / limit + 1) : undefined
}
