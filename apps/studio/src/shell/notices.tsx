import { useMemo } from 'react'
import type { Query, Row } from '@freshet/core'
import { useReadable } from '../data/readable.ts'
import type { StudioTable } from '../data/studio-table.ts'
import type { WriteNote } from '../data/write-ledger.ts'
import { useLiveView } from '../data/use-live-view.ts'
import { ShownText } from '../value/shown-text.tsx'

export type NoticesProps = {
  readonly table: StudioTable
  /** Opens a refused new row again. */
  onAgain(note: WriteNote): void
}

/** Writes that were not taken, until they are put right or dismissed. */
export function Notices({ table, onAgain }: NoticesProps) {
  const open = useReadable(table.writes.open)
  const rejected = open.filter(({ outcome }) => outcome.kind === 'rejected' && !outcome.atCard)
  const late = open.filter(({ outcome }) => outcome.kind === 'conflict' && !outcome.atCard)
  return (
    <ul className="notices" aria-label="Rejected writes" aria-live="assertive">
      {late.map((note) => (
        <LateWrite key={note.operationId} table={table} note={note} />
      ))}
      {rejected.map((note) => (
        <li key={note.operationId}>
          <span className="what">
            {verbs[note.op]} <b>{note.id}</b> rejected
          </span>
          <span className="why">{reasonOf(note)}</span>
          {note.op === 'insert' && (
            <button type="button" onClick={() => onAgain(note)}>
              Edit again
            </button>
          )}
          <button
            type="button"
            className="quiet"
            aria-label={`Dismiss the rejection of ${note.id}`}
            onClick={() => table.writes.dismiss(note.operationId)}
          >
            ✕
          </button>
        </li>
      ))}
    </ul>
  )
}

/** A write that someone else was before. */
function LateWrite({ table, note }: { readonly table: StudioTable; readonly note: WriteNote }) {
  const { id, fields, values, operationId } = note
  const row = useLiveRow(table, id)
  const keepTheirs = (): void => table.writes.dismiss(operationId)
  const overwrite = (): void => {
    const unset = fields.filter((field) => !Object.hasOwn(values, field))
    // What is overwritten is what stands here to be read.
    table.patch(id, { set: values, unset }, Object.fromEntries(fields.map((field) => [field, row?.[field]])))
    keepTheirs()
  }
  return (
    <li data-kind="conflict">
      <span className="what">
        Change of <b>{id}</b> came too late
      </span>
      <span className="why">
        {fields.map((field) => (
          <span key={field}>
            {field} was changed by someone else to <ShownText value={row?.[field]} />; yours was{' '}
            <ShownText value={Object.hasOwn(values, field) ? values[field] : undefined} />
          </span>
        ))}
      </span>
      <button type="button" disabled={row === undefined} onClick={overwrite}>
        Overwrite
      </button>
      <button type="button" onClick={keepTheirs}>
        Keep theirs
      </button>
    </li>
  )
}

function useLiveRow(table: StudioTable, id: string): Row | undefined {
  const { idField } = table.schema
  const query = useMemo((): Query => ({ filter: { op: 'eq', field: idField, value: id } }), [idField, id])
  return useLiveView(table, query).rows[0]
}

const verbs = { insert: 'Adding', patch: 'Change of', delete: 'Deletion of' }

function reasonOf({ outcome }: WriteNote): string {
  return outcome.kind === 'rejected' ? outcome.reason : ''
}
