import {
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import type { Patch } from '@freshet/table'
import type { StudioTable } from '../data/studio-table.ts'
import type { GridQuery, GridRows } from '../query/use-rows.ts'
import { readEdit } from '../value/edit-text.ts'
import { fieldType } from '../value/field-type.ts'
import { GridHeader } from './grid-header.tsx'
import { actionsField, headerRow, moveBy, type GridEdit } from './grid-position.ts'
import { GridRow } from './grid-row.tsx'
import { inHeldOrder, type OrderedRows } from './held-order.ts'
import { useArrivals } from './use-arrivals.ts'
import { cellOf, useGridFocus } from './use-grid-focus.ts'

export type DataGridProps = {
  readonly table: StudioTable
  readonly fields: readonly string[]
  readonly query: GridQuery
  readonly found: GridRows
  /** Rows with unsaved changes in a card. */
  readonly draftIds: ReadonlySet<string>
  /** A row being added, drawn above the others. */
  readonly draft: ReactNode
  /** Drawn where there are no rows. */
  readonly empty: ReactNode
  onSort(field: string, isFurther: boolean): void
  onType(field: string, text: string): void
  onPage(step: -1 | 1): void
}

/** The rows of a page as a grid that is read, edited and walked with keys or pointer. */
export function DataGrid(props: DataGridProps) {
  const { table, fields, query, found, draftIds, draft, empty, onSort, onType, onPage } = props
  const { idField } = table.schema
  const [edit, setEdit] = useState<GridEdit & { readonly held: OrderedRows }>()
  const [armed, setArmed] = useState<string>()
  const grid = useRef<HTMLTableElement>(null)
  const { ids, rows } = edit === undefined ? found : inHeldOrder(found, edit.held)
  const focus = useGridFocus(grid, ids, idField)
  const arrived = useArrivals(found.ids, query, found.complete)
  const columns = useMemo(() => [...fields, actionsField], [fields])

  const begin = (rowId: string, field: string, typed?: string): void => {
    const editable = rowId !== headerRow && field !== idField && field !== actionsField
    if (editable)
      setEdit({ rowId, field, typed, before: rows[ids.indexOf(rowId)]?.[field], held: { ids, rows } })
  }
  const latest = useRef({ focus, columns, table })
  useLayoutEffect(() => {
    latest.current = { focus, columns, table }
  })
  const commit = useCallback(({ rowId, field, before }: GridEdit, text: string, step: -1 | 0 | 1): void => {
    const now = latest.current
    setEdit(undefined)
    now.table.patch(rowId, patchOf(field, text, now.table), { [field]: before })
    const next = now.columns[now.columns.indexOf(field) + step] ?? field
    now.focus.focus({ rowId, field: next })
  }, [])
  const cancel = useCallback((): void => {
    setEdit((edited) => {
      if (edited !== undefined) latest.current.focus.focus(edited)
      return undefined
    })
  }, [])
  const remove = useCallback((id: string): void => {
    setArmed((before) => {
      if (before !== id) return id
      queueMicrotask(() => latest.current.table.remove(id))
      return undefined
    })
  }, [])

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = cellOf(event.target)
    if (at === undefined || event.altKey || event.metaKey) return
    const moved = moveBy(event.key, event.ctrlKey, at, ids, at.rowId === headerRow ? fields : columns)
    if (moved !== undefined) focus.focus(moved)
    else if (event.key === 'PageDown') onPage(1)
    else if (event.key === 'PageUp') onPage(-1)
    else if (event.key === 'Escape') setArmed(undefined)
    else if (at.field === actionsField) return
    else if (at.rowId === headerRow) {
      if (event.key !== 'Enter' && event.key !== ' ') return
      onSort(at.field, event.shiftKey)
    } else if (event.key === 'Enter' && at.field === idField) table.drafts.show(at.rowId)
    else if (event.key === 'Enter' || event.key === 'F2') begin(at.rowId, at.field)
    else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey)
      begin(at.rowId, at.field, event.key)
    else return
    event.preventDefault()
  }
  const onFocus = (event: FocusEvent): void => {
    const at = cellOf(event.target)
    if (at === undefined) return
    focus.entered(at)
    if (armed !== undefined && armed !== at.rowId) setArmed(undefined)
  }
  const onBlur = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null && !grid.current?.contains(relatedTarget)) focus.left()
  }

  const firstIndex = found.page * query.pageSize + 3
  return (
    <div className="grid-scroll">
      <table
        ref={grid}
        role="grid"
        className="grid"
        aria-label={table.name}
        aria-rowcount={found.total + 2}
        aria-colcount={columns.length}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onBlur={onBlur}
        onDoubleClick={({ target }) => {
          const cell = target instanceof Element ? target.closest('[data-row]') : null
          const at = cell === null ? undefined : cellOf(cell)
          if (at?.field === idField && at.rowId !== headerRow) table.drafts.show(at.rowId)
          else if (at !== undefined) begin(at.rowId, at.field)
        }}
      >
        <GridHeader
          table={table}
          fields={fields}
          order={query.order}
          typed={query.typed}
          mistakes={found.mistakes}
          activeField={focus.active.rowId === headerRow ? focus.active.field : undefined}
          onSort={onSort}
          onType={onType}
        />
        <tbody>
          {draft}
          {ids.map((id, index) => {
            const row = rows[index]
            return (
              row && (
                <GridRow
                  key={id}
                  table={table}
                  fields={fields}
                  id={id}
                  row={row}
                  index={firstIndex + index}
                  isNew={arrived.has(id)}
                  hasDraft={draftIds.has(id)}
                  activeField={focus.active.rowId === id ? focus.active.field : undefined}
                  edit={edit?.rowId === id ? edit : undefined}
                  isArmed={armed === id}
                  onCommit={commit}
                  onCancel={cancel}
                  onDelete={remove}
                />
              )
            )
          })}
        </tbody>
      </table>
      {ids.length === 0 && empty}
    </div>
  )
}

function patchOf(field: string, text: string, { schema }: StudioTable): Patch {
  const edited = readEdit(text, fieldType(schema, field))
  return edited.kind === 'set' ? { set: { [field]: edited.value } } : { set: {}, unset: [field] }
}
