import type { Maybe } from '@freshet/core'

/** Where the keyboard is in a grid: a cell of a row, or of the header. By id, so that it stays with its row. */
export type ActiveCell = { readonly rowId: string; readonly field: string }

/** A cell being edited: what it held when that began, and what was typed to begin with. */
export type GridEdit = ActiveCell & { readonly before: Maybe; readonly typed?: string | undefined }

/** Stands for the header where a row's id would be. No row can have it: ids of remotes are not empty. */
export const headerRow = ''

/** Stands for the column of row actions. */
export const actionsField = ''

/**
 * Where a key leads from a cell; `undefined` when the key is not for moving.
 *
 * @param rowIds - The rows in the order shown. The header lies above the first.
 */
export function moveBy(
  key: string,
  ctrl: boolean,
  { rowId, field }: ActiveCell,
  rowIds: readonly string[],
  fields: readonly string[],
): ActiveCell | undefined {
  const rows = [headerRow, ...rowIds]
  const row = Math.max(0, rows.indexOf(rowId))
  const column = Math.max(0, fields.indexOf(field))
  const to = (nextRow: number, nextColumn: number): ActiveCell => ({
    rowId: rows[clamp(nextRow, rows.length)] ?? headerRow,
    field: fields[clamp(nextColumn, fields.length)] ?? field,
  })
  switch (key) {
    case 'ArrowUp':
      return to(row - 1, column)
    case 'ArrowDown':
      return to(row + 1, column)
    case 'ArrowLeft':
      return to(row, column - 1)
    case 'ArrowRight':
      return to(row, column + 1)
    case 'Home':
      return to(ctrl ? 0 : row, 0)
    case 'End':
      return to(ctrl ? rows.length - 1 : row, fields.length - 1)
    default:
      return undefined
  }
}

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(index, length - 1))
}
