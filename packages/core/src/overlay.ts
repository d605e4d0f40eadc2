import { rowKeyText } from './draft.ts'
import type { RowKey } from './projection.ts'
import type { Row } from './value.ts'

/** What one write does to one row. Absolute: doing it twice is doing it once [W1]. */
export type RowEdit =
  /** Adds the row; a row that is there already wins. */
  | { readonly kind: 'insert'; readonly row: Row }
  | { readonly kind: 'replace'; readonly row: Row }
  /** Sets and removes fields; nothing happens to a row that is not there. */
  | { readonly kind: 'patch'; readonly set: Row; readonly unset?: readonly string[] | undefined }
  /** An insert while there is no row, and a patch once there is one: of a row that is not known yet [O4]. */
  | { readonly kind: 'upsert'; readonly set: Row }
  | { readonly kind: 'delete' }

/** A write the remote has not confirmed yet. */
export type Layer = RowKey & {
  readonly operationId: string
  readonly edit: RowEdit
}

/**
 * The unconfirmed writes of all rows, in the order they were made.
 *
 * The visible row is the confirmed row with its layers folded over it field by
 * field, so a remote change to another field shows while a write is pending
 * [O1]; undoing a write drops its layer and never writes an old value [O2].
 */
export type Overlay = {
  readonly size: number
  /** Lays a write over those before it. @returns the one of the same operation, whose place it takes. */
  add(layer: Layer): Layer | undefined
  /** The dropped layer, or undefined when there is none of that id. */
  drop(operationId: string): Layer | undefined
  find(operationId: string): Layer | undefined
  layersOf(key: RowKey): readonly Layer[]
  /** The fold for a row, or undefined when nothing is pending on it. */
  foldOf(key: RowKey): Fold | undefined
}

/** The visible row for a confirmed one. */
export type Fold = (confirmed: Row | undefined) => Row | undefined

export function createOverlay(): Overlay {
  const byOperation = new Map<string, Layer>()
  const byRow = new Map<string, Layer[]>()
  const layersOf = (key: RowKey): readonly Layer[] => byRow.get(rowKeyText(key.table, key.id)) ?? []

  const drop = (operationId: string): Layer | undefined => {
    const layer = byOperation.get(operationId)
    if (!layer) return undefined
    byOperation.delete(operationId)
    const key = rowKeyText(layer.table, layer.id)
    const rest = layersOf(layer).filter((other) => other !== layer)
    if (rest.length > 0) byRow.set(key, rest)
    else byRow.delete(key)
    return layer
  }

  return {
    get size() {
      return byOperation.size
    },
    add(layer) {
      const before = byOperation.get(layer.operationId)
      const key = rowKeyText(layer.table, layer.id)
      const layers = byRow.get(key)
      const known = before !== undefined && layers?.includes(before)
      if (before && !known) drop(layer.operationId)
      byOperation.set(layer.operationId, layer)
      if (!layers) byRow.set(key, [layer])
      else
        byRow.set(key, known ? layers.map((other) => (other === before ? layer : other)) : [...layers, layer])
      return before
    },
    drop,
    find: (operationId) => byOperation.get(operationId),
    layersOf,
    foldOf(key) {
      const layers = layersOf(key)
      if (layers.length === 0) return undefined
      return (confirmed) => layers.reduce((row, layer) => applyEdit(row, layer.edit), confirmed)
    },
  }
}

/** The row after an edit. Fields are own properties whatever their name [V5]. */
export function applyEdit(row: Row | undefined, edit: RowEdit): Row | undefined {
  switch (edit.kind) {
    case 'insert':
      return row ?? edit.row
    case 'replace':
      return edit.row
    case 'patch':
      return row && patchRow(row, edit.set, edit.unset)
    case 'upsert':
      return { ...row, ...edit.set }
    case 'delete':
      return undefined
  }
}

/** A copy of a row with fields set and removed; nested records are replaced, not merged. */
export function patchRow(row: Row, set: Row, unset: readonly string[] = []): Row {
  const patched = { ...row, ...set }
  if (unset.length === 0) return patched
  const removed = new Set(unset)
  return Object.fromEntries(Object.entries(patched).filter(([field]) => !removed.has(field)))
}
