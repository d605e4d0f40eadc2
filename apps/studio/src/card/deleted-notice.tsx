import type { CardState, RecordCard } from '../data/record-card.ts'
import type { StudioTable } from '../data/studio-table.ts'

export type DeletedNoticeProps = {
  readonly table: StudioTable
  readonly card: RecordCard
  readonly state: CardState
}

/** Says that the row is no longer there, and what may be done with the draft. */
export function DeletedNotice({ table, card, state: { id, record, isSaving } }: DeletedNoticeProps) {
  if (record !== 'deleted' && record !== 'gone') return null
  return (
    <div className="card-notice" role="alert">
      <p>
        Someone else deleted this row.{' '}
        {record === 'deleted' ? 'Your draft is kept.' : 'Nothing of yours was in it.'}
      </p>
      {record === 'deleted' && (
        <button type="button" className="primary" disabled={isSaving} onClick={card.recreate}>
          Recreate
        </button>
      )}
      <button type="button" onClick={() => table.drafts.discard(id)}>
        {record === 'deleted' ? 'Discard' : 'Close'}
      </button>
    </div>
  )
}
