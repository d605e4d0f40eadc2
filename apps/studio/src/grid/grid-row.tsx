import { memo, useMemo, useSyncExternalStore } from 'react'
import type { Row } from '@freshet/core'
import type { StudioTable } from '../data/studio-table.ts'
import type { WriteNote } from '../data/write-ledger.ts'
import { editText } from '../value/edit-text.ts'
import { fieldType } from '../value/field-type.ts'
import { CellEditor } from './cell-editor.tsx'
import { GridCell } from './grid-cell.tsx'
import { actionsField, type GridEdit } from './grid-position.ts'

export type GridRowProps = {
  readonly table: StudioTable
  readonly fields: readonly string[]
  readonly id: string
  readonly row: Row
  /** From 1, in the whole grid. */
  readonly index: number
  readonly isNew: boolean
  readonly hasDraft: boolean
  readonly activeField: string | undefined
  readonly edit: GridEdit | undefined
  readonly isArmed: boolean
  onCommit(edit: GridEdit, text: string, step: -1 | 0 | 1): void
  onCancel(): void
  /** Asks for the row's deletion; the second time in a row it is meant. */
  onDelete(id: string): void
}

export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { table, fields, id, row, index, isNew, hasDraft, activeField, edit, isArmed } = props
  const notes = useRowNotes(table, id)
  const { idField } = table.schema
  return (
    <tr role="row" aria-rowindex={index} data-new={isNew || undefined}>
      {fields.map((field) => {
        const type = fieldType(table.schema, field)
        const value = row[field]
        return (
          <GridCell
            key={field}
            rowId={id}
            field={field}
            type={type}
            value={value}
            note={noteOf(notes, field, idField)}
            isActive={activeField === field}
            isHead={field === idField}
            hasDraft={field === idField && hasDraft}
            onOpen={field === idField ? table.drafts.show : undefined}
          >
            {edit?.field === field ? (
              <CellEditor
                label={`${field} of ${id}`}
                type={type}
                text={editText(value, type)}
                typed={edit.typed}
                onCommit={(text, step) => props.onCommit(edit, text, step)}
                onCancel={props.onCancel}
              />
            ) : undefined}
          </GridCell>
        )
      })}
      <td role="gridcell" className="cell actions">
        <button
          type="button"
          className={isArmed ? 'danger' : 'quiet'}
          tabIndex={activeField === actionsField ? 0 : -1}
          data-row={id}
          data-field={actionsField}
          aria-label={isArmed ? `Delete ${id}: press again to confirm` : `Delete ${id}`}
          onClick={() => props.onDelete(id)}
        >
          {isArmed ? 'Delete?' : '✕'}
        </button>
      </td>
    </tr>
  )
})

function useRowNotes({ writes }: StudioTable, id: string): readonly WriteNote[] {
  const get = useMemo(() => () => writes.ofRow(id), [writes, id])
  return useSyncExternalStore(writes.subscribe, get)
}

/** The newest write that touches the field; those of a whole row show at its id. */
function noteOf(notes: readonly WriteNote[], field: string, idField: string): WriteNote | undefined {
  return notes.findLast(({ op, fields }) => (op === 'patch' ? fields.includes(field) : field === idField))
}
