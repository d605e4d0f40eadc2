import type { Row } from '@freshet/core'
import { useState, type RefObject } from 'react'
import { topToShow } from './row-window.ts'
import type { ListedRows } from './use-listed-rows.ts'

/** The row of a long list that the keyboard is at. */
export type ActiveRow = {
  readonly id: string | undefined
  /** Whether it is in the document. */
  readonly isShown: boolean
  choose(id: string): void
  /** Goes where a key leads. Returns whether it leads anywhere. */
  goBy(key: string): boolean
  /** Begins at a row on screen, where there is none yet. */
  begin(): void
}

/** The active row stays the same one while rows come and go around it. */
export function useActiveRow<T extends Row>(
  scroller: RefObject<HTMLElement | null>,
  { total, from, shown, idAt }: Pick<ListedRows<T>, 'total' | 'from' | 'shown' | 'idAt'>,
  rowHeight: number,
): ActiveRow {
  const [active, setActive] = useState<{ readonly id: string; readonly place: number }>()
  const at = active === undefined ? -1 : shown.ids.indexOf(active.id)
  // Off screen it may have moved meanwhile; there it is as good as where it was seen.
  const place = at >= 0 ? from + at : (active?.place ?? -1)
  const goTo = (wanted: number): void => {
    const next = Math.max(0, Math.min(total - 1, wanted))
    const id = idAt(next)
    if (id !== undefined) setActive({ id, place: next })
    const element = scroller.current
    if (element === null) return
    const head = element.querySelector('thead')?.clientHeight ?? 0
    const height = element.clientHeight - head
    element.scrollTo({ top: topToShow(next, element.scrollTop, height, rowHeight), behavior: 'instant' })
  }
  return {
    id: active?.id,
    isShown: at >= 0,
    choose: (id) => setActive({ id, place: from + shown.ids.indexOf(id) }),
    goBy(key) {
      const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
      const next = rowAfter(key, place, page, total)
      if (next !== undefined) goTo(next)
      return next !== undefined
    },
    begin() {
      const [id] = shown.ids
      if (active === undefined && id !== undefined) setActive({ id, place: from })
    },
  }
}

function rowAfter(key: string, row: number, page: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return row + 1
    case 'ArrowUp':
      return row - 1
    case 'PageDown':
      return row + page
    case 'PageUp':
      return row - page
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}
