import type { CardState, RecordCard } from '../data/record-card.ts'
import { isUnsaved } from '../data/record-drafts.ts'
import type { StudioTable } from '../data/studio-table.ts'

export type CardActionsProps = {
  readonly table: StudioTable
  readonly card: RecordCard
  readonly state: CardState
  readonly canSave: boolean
}

/** Save, take back, let go. */
export function CardActions({ table, card, state, canSave }: CardActionsProps) {
  return (
    <div className="card-actions">
      <Action className="primary" isEnabled={canSave} label="Save" onClick={card.save} />
      <Action
        isEnabled={state.record === 'editing' && state.modified.length > 0}
        label="Revert"
        onClick={() => card.revert()}
      />
      <span className="fill" />
      <button
        type="button"
        className="quiet"
        disabled={!isUnsaved(card)}
        onClick={() => table.drafts.discard(state.id)}
      >
        Discard
      </button>
    </div>
  )
}

type ActionProps = {
  readonly label: string
  readonly className?: string
  readonly isEnabled: boolean
  onClick(): void
}

/** Keeps the keyboard when it has nothing to do any more, which a disabled button does not. */
function Action({ label, className, isEnabled, onClick }: ActionProps) {
  return (
    <button
      type="button"
      className={className}
      aria-disabled={!isEnabled || undefined}
      onClick={() => {
        if (isEnabled) onClick()
      }}
    >
      {label}
    </button>
  )
}
