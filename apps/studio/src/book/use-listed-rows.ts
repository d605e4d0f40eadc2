import type { Collection, Row, ViewSnapshot } from '@freshet/core'
import { useMemo, type RefObject } from 'react'
import { useLiveView } from '../data/use-live-view.ts'
import { gridQuery, type GridSort } from './grid-query.ts'
import { useRowWindow } from './use-row-window.ts'

/** A long list, of which some rows are in the document. */
export type ListedRows<T extends Row> = {
  /** In all of the list. */
  readonly total: number
  /** The rows from here up to `to`, not included, are in the document. */
  readonly from: number
  readonly to: number
  readonly shown: Pick<ViewSnapshot<T>, 'ids' | 'rows'>
  /** The id at any place of the list. */
  idAt(place: number): string | undefined
}

type Listing<T extends Row> = {
  readonly rows: Collection<T>
  readonly columns: readonly { readonly id: string; readonly orderBy?: readonly string[] | undefined }[]
  readonly rowHeight: number
  readonly sought: string
}

/** The rows that are to be on screen, kept in their order by the collection: however many there are, only these are read. */
export function useListedRows<T extends Row>(
  scroller: RefObject<HTMLElement | null>,
  { rows, columns, rowHeight, sought }: Listing<T>,
  { column, direction }: GridSort,
): ListedRows<T> {
  const orderBy = columns.find(({ id }) => id === column)?.orderBy ?? none
  const query = useMemo(() => gridQuery(orderBy, direction, sought), [orderBy, direction, sought])
  // Keeps the order while the window over it moves.
  const { total } = useLiveView(
    rows,
    useMemo(() => ({ ...query, limit: 0 }), [query]),
  )
  const { from, to } = useRowWindow(scroller, total, rowHeight)
  const shown = useLiveView(
    rows,
    useMemo(() => ({ ...query, offset: from, limit: to - from }), [query, from, to]),
  )
  return {
    ...{ total, from, to, shown },
    idAt(place) {
      const one = rows.view({ ...query, offset: place, limit: 1 })
      const [id] = one.snapshot().ids
      one.close()
      return id
    },
  }
}

const none: readonly string[] = []
