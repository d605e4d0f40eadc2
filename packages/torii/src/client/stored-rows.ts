import {
  applyEdit,
  rowsEqual,
  type Collection,
  type Replica,
  type Row,
  type StoreRecord,
  type ViewSnapshot,
} from '@freshet/core'

/** What a listener is shown. */
export type Shown = Pick<ViewSnapshot, 'rows' | 'ids'>

/**
 * Shows rows of the disk before all are here, now and whenever one of them
 * becomes another: in the places they have there, with what is pending on them.
 *
 * @returns How to stop.
 */
export function watchStoredRows(
  replica: Replica,
  table: string,
  records: readonly StoreRecord[],
  tell: (shown: Shown) => void,
): () => void {
  let shown = asShown(replica, table, records)
  tell(shown)
  return replica.collection(table).subscribe(() => {
    const next = asShown(replica, table, records)
    if (showsSame(next, shown)) return
    shown = next
    tell(shown)
  })
}

/** Whether nothing but pending changes is here yet. */
export function nothingCame(collection: Collection): boolean {
  for (const id of collection.ids()) if (collection.confirmed(id) !== undefined) return false
  return true
}

export function showsSame(a: Shown, b: Shown): boolean {
  return (
    a.ids.length === b.ids.length &&
    a.ids.every((id, at) => id === b.ids[at] && rowsEqual(a.rows[at] ?? {}, b.rows[at] ?? {}))
  )
}

function asShown(replica: Replica, table: string, records: readonly StoreRecord[]): Shown {
  const collection = replica.collection(table)
  const rows: Row[] = []
  const ids: string[] = []
  for (const { id, value } of records) {
    const layers = replica.overlay.layersOf({ table, id })
    const row =
      collection.confirmed(id) === undefined
        ? layers.reduce<Row | undefined>((under, { edit }) => applyEdit(under, edit), value)
        : collection.get(id)
    if (row === undefined) continue
    rows.push(row)
    ids.push(id)
  }
  return { rows, ids }
}
