/** The rows of a long list that are in the document. */
export type RowWindow = { readonly from: number; readonly to: number }

/** Rows are taken in and out by so many at once, so that most scrolling changes nothing. */
export const rowsAtOnce = 8

/**
 * The rows that must be there so that none is missing on screen, and a few beyond.
 *
 * @param top - How far the list is scrolled, in the same measure as `height` and `rowHeight`.
 */
export function rowWindow(top: number, height: number, rowHeight: number, count: number): RowWindow {
  const first = Math.floor(top / rowHeight / rowsAtOnce) * rowsAtOnce
  const shown = Math.ceil(height / rowHeight / rowsAtOnce) * rowsAtOnce
  const from = Math.max(0, Math.min(first - rowsAtOnce, Math.max(0, count - shown)))
  return { from, to: Math.min(count, first + shown + 2 * rowsAtOnce) }
}

/** How far to scroll so that a row is wholly on screen; `top` where it is already. */
export function topToShow(row: number, top: number, height: number, rowHeight: number): number {
  const rowTop = row * rowHeight
  if (rowTop < top) return rowTop
  return Math.max(top, rowTop + rowHeight - height)
}
