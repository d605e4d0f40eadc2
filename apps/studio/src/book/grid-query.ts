import type { Query } from '@freshet/core'

/** How a grid is ordered. */
export type GridSort = { readonly column: string; readonly direction: 'ascending' | 'descending' }

/** All rows with each word that is sought in their `sought`, by fields, then by id. */
export function gridQuery(
  orderBy: readonly string[],
  direction: GridSort['direction'],
  sought: string,
): Pick<Query, 'filter' | 'order'> {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean)
  const short = direction === 'ascending' ? 'asc' : 'desc'
  return {
    order: orderBy.map((field) => ({ field, direction: short })),
    filter:
      words.length === 0
        ? undefined
        : { op: 'and', filters: words.map((value) => ({ op: 'contains', field: 'sought', value })) },
  }
}
