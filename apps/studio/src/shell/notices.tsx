import { useReadable } from '../data/readable.ts'
import type { StudioTable } from '../data/studio-table.ts'
import type { WriteNote } from '../data/write-ledger.ts'

export type NoticesProps = {
  readonly table: StudioTable
  /** Opens a refused new row again. */
  onAgain(note: WriteNote): void
}

/** Writes the database refused, until they are put right or dismissed. */
export function Notices({ table, onAgain }: NoticesProps) {
  const open = useReadable(table.writes.open)
  const rejected = open.filter(({ outcome }) => outcome.kind === 'rejected')
  return (
    <ul className="notices" aria-label="Rejected writes" aria-live="assertive">
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

const verbs = { insert: 'Adding', patch: 'Change of', delete: 'Deletion of' }

function reasonOf({ outcome }: WriteNote): string {
  return outcome.kind === 'rejected' ? outcome.reason : ''
}
