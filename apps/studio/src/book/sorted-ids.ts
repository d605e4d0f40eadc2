import type { LiveRows } from './live-rows.ts'

/** How a grid is ordered. */
export type GridSort = { readonly column: string; readonly direction: 'ascending' | 'descending' }

/** What rows are ordered by: `key` decides, then the id. */
export type SortKey<T> = {
  /** Undefined stands last either way. */
  readonly of: (row: T, id: string) => string | number | undefined
  /** Whether it may change while the row stays. */
  readonly changes: boolean
}

/** The ids of the rows that hold `sought`, in order. */
export function sortedIds<T>(
  { byId }: LiveRows<T>,
  key: SortKey<T>,
  direction: GridSort['direction'],
  textOf: (row: T, id: string) => string,
  sought: string,
): readonly string[] {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean)
  const sign = direction === 'ascending' ? 1 : -1
  const found: { readonly id: string; readonly key: string | number | undefined }[] = []
  for (const [id, row] of byId) {
    if (words.length > 0) {
      const text = textOf(row, id).toLowerCase()
      if (!words.every((word) => text.includes(word))) continue
    }
    found.push({ id, key: key.of(row, id) })
  }
  found.sort((a, b) => {
    if (a.key !== undefined && b.key !== undefined && a.key !== b.key) return a.key < b.key ? -sign : sign
    if ((a.key === undefined) !== (b.key === undefined)) return a.key === undefined ? 1 : -1
    return a.id < b.id ? -1 : 1
  })
  return found.map(({ id }) => id)
}
