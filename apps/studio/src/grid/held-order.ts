import type { Row } from '@freshet/core'

export type OrderedRows = { readonly ids: readonly string[]; readonly rows: readonly Row[] }

/**
 * The newest rows in the places they had: while a cell is being edited, a
 * change by someone else moves nothing under the hands of who is typing.
 */
export function inHeldOrder(now: OrderedRows, held: OrderedRows): OrderedRows {
  const fresh = new Map(now.ids.map((id, index) => [id, now.rows[index]]))
  return { ids: held.ids, rows: held.rows.map((row, index) => fresh.get(held.ids[index] ?? '') ?? row) }
}
