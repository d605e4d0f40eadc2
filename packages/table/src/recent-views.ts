import type { Collection, Query, View } from '@freshet/core'

/**
 * The views that answered the latest local reads, kept open: a query that is
 * asked again costs what changed since, not a pass over the table.
 */
export type RecentViews = {
  /** The view of a query; not to be closed by the caller. */
  of(key: string, query: Query): View
  close(): void
}

/** Each open view costs a little with every change, so only the latest stay. */
const maxOpen = 8

export function createRecentViews(collection: Collection): RecentViews {
  const byKey = new Map<string, View>()
  return {
    of(key, query) {
      const view = byKey.get(key) ?? collection.view(query)
      byKey.delete(key)
      byKey.set(key, view)
      for (const [oldest, left] of byKey) {
        if (byKey.size <= maxOpen) break
        byKey.delete(oldest)
        left.close()
      }
      return view
    },
    close() {
      for (const view of byKey.values()) view.close()
      byKey.clear()
    },
  }
}
