import { describeMove, describeOutcome } from './move-words.ts'
import type { MoveNote } from './move-notes.ts'

export type MoveListProps = {
  readonly moves: readonly MoveNote[]
  readonly nowUnixMs: number
  onUndo(note: MoveNote): void
}

/** The moves made in this window: pending with their age, and what became of the last ones. */
export function MoveList({ moves, nowUnixMs, onUndo }: MoveListProps) {
  return (
    <section className="world-moves" aria-label="Moves">
      <h2>Moves of this window</h2>
      {moves.length === 0 && <p className="hint">None yet.</p>}
      <ol>
        {moves.map((note) => (
          <li key={note.transactionId} data-outcome={note.outcome}>
            <span className="what">{describeMove(note)}</span>
            <span className="outcome">{describeOutcome(note, nowUnixMs)}</span>
            {note.outcome === 'pending' && (
              <button
                type="button"
                aria-label={`Take back the move of piece ${note.piece}`}
                onClick={() => onUndo(note)}
              >
                Take back
              </button>
            )}
            {note.why !== undefined && <span className="why">{note.why}</span>}
          </li>
        ))}
      </ol>
    </section>
  )
}
