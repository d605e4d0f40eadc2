import type { LogFields, Query } from '@freshet/core'
import { pageCacheKey } from './cache.ts'
import type { LiveCore } from './live-core.ts'

/** Numbers a read or write, so that the lines about it can be told from those of others. */
export function nextRequest({ stats }: LiveCore): number {
  stats.requests += 1
  return stats.requests
}

/** What names a query in a log: the page key of the seed is shared by all filters and orders of the page. */
export function pageFields(
  { settings: { cacheKey } }: LiveCore,
  query: Query,
  req: number | undefined,
): LogFields {
  const page = pageOf(query)
  return { req, cache_key: cacheKey, key: pageCacheKey(cacheKey, page), page }
}

/** The seed's page number of a query's window. */
function pageOf({ offset = 0, limit }: Query): number {
  return limit === undefined || limit === 0 ? 1 : Math.floor(offset / limit) + 1
}
