import type { ColumnType } from '@freshet/core'
import type { CardField as Field, RecordCard } from '../data/record-card.ts'
import { ConflictPicker } from './conflict-picker.tsx'
import { FieldEditor } from './field-editor.tsx'

export type CardFieldProps = {
  readonly card: RecordCard
  readonly type: ColumnType
  readonly field: Field
  /** There is a row to go back to. */
  readonly canRevert: boolean
}

/** One field of a card: its value, whose it is, and what the database said about it. */
export function CardField({ card, type, field: of, canRevert }: CardFieldProps) {
  const { field, value, state, conflict, reason } = of
  const inputId = `card-${field}`
  const reasonId = `reason-${field}`
  return (
    <div className="card-field" data-field={field} data-state={state}>
      <div className="card-label">
        <label htmlFor={inputId}>{field}</label>
        <span className="type">{type}</span>
        <span className="fill" />
        {state !== 'clean' && <span className="badge">{words[state]}</span>}
        {canRevert && (state === 'modified' || state === 'conflict') && (
          <button
            type="button"
            className="quiet"
            aria-label={`Revert ${field}`}
            onClick={() => card.revert(field)}
          >
            ↶
          </button>
        )}
      </div>
      {conflict === undefined ? (
        <FieldEditor
          id={inputId}
          type={type}
          value={value}
          isInvalid={reason !== undefined}
          describedBy={reason === undefined ? undefined : reasonId}
          onEdit={(edited) => card.set(field, edited)}
        />
      ) : (
        <ConflictPicker type={type} conflict={conflict} onResolve={(how) => card.resolve(field, how)} />
      )}
      {reason !== undefined && (
        <p className="field-reason" id={reasonId}>
          {reason}
        </p>
      )}
    </div>
  )
}

const words = {
  modified: 'modified',
  followed: 'changed by someone else',
  queued: 'queued',
  conflict: 'conflict',
}
