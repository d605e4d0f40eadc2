import { useReadable, type Readable } from '../data/readable.ts'
import { cellText, stepTo, type BoardSize, type Cell } from './board-cell.ts'
import type { Piece } from './piece.ts'

export type PiecePanelProps = {
  readonly pieces: Readable<readonly Piece[]>
  readonly selected: number | undefined
  readonly yoursUpTo: number
  readonly size: BoardSize
  readonly remaining: ReadonlyMap<string, bigint>
  onSelect(piece: number | undefined): void
  onMove(piece: Piece, to: (from: Cell) => Cell | undefined): void
}

const directions = [
  ['ArrowLeft', '←', 'left'],
  ['ArrowUp', '↑', 'up'],
  ['ArrowDown', '↓', 'down'],
  ['ArrowRight', '→', 'right'],
] as const

/** What is known of one piece, and buttons that move it. */
export function PiecePanel(props: PiecePanelProps) {
  const { pieces, selected, yoursUpTo, size, remaining, onSelect, onMove } = props
  const piece = useReadable(pieces).find((one) => one.piece === selected)
  const isYours = piece !== undefined && piece.piece <= yoursUpTo
  const left = piece && remaining.get(piece.entityId)
  return (
    <section className="world-chosen" aria-label="Chosen piece">
      <h2>
        <label>
          Piece{' '}
          <input
            className="field"
            type="number"
            min={1}
            value={selected ?? ''}
            placeholder="none"
            onChange={({ target }) => onSelect(target.value === '' ? undefined : target.valueAsNumber)}
          />
        </label>
      </h2>
      {piece === undefined && <p className="hint">Choose one on the board, or by its number.</p>}
      {piece && (
        <dl>
          <dt>stands on</dt>
          <dd data-part="cell">{cellText(piece)}</dd>
          <dt>moves left</dt>
          <dd data-part="remaining">{left === undefined ? 'it roams by itself' : String(left)}</dd>
          <dt>entity</dt>
          <dd className="entity" title={piece.entityId}>
            {piece.entityId}
          </dd>
        </dl>
      )}
      {piece && isYours && (
        <div className="world-arrows" role="group" aria-label={`Move piece ${piece.piece}`}>
          {directions.map(([key, sign, word]) => (
            <button
              key={key}
              type="button"
              aria-label={`Move ${word}`}
              aria-disabled={stepTo(piece, key, size) === undefined}
              onClick={() => onMove(piece, (from) => stepTo(from, key, size))}
            >
              {sign}
            </button>
          ))}
        </div>
      )}
    </section>
  )
}
