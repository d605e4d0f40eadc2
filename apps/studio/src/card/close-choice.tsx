export type CloseChoiceProps = {
  onKeep(): void
  onDiscard(): void
  onGoOn(): void
}

/** What is to become of a changed draft whose card is closed. */
export function CloseChoice({ onKeep, onDiscard, onGoOn }: CloseChoiceProps) {
  return (
    <div className="card-asking" role="alertdialog" aria-label="Close with unsaved changes?">
      <p>There are unsaved changes.</p>
      <button type="button" autoFocus onClick={onKeep}>
        Keep the draft
      </button>
      <button type="button" className="danger" onClick={onDiscard}>
        Discard it
      </button>
      <button type="button" className="quiet" onClick={onGoOn}>
        Go on editing
      </button>
    </div>
  )
}
