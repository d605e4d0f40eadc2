import { useRef, type MouseEvent } from 'react'
import { useReadable, type Readable } from '../data/readable.ts'
import { BoardCanvas } from './board-canvas.tsx'
import { cellAt, cellText, stepTo, type BoardSize, type Cell } from './board-cell.ts'
import { shownNote, type MoveNote } from './move-notes.ts'
import type { Piece } from './piece.ts'

export type BoardViewProps = {
  readonly pieces: Readable<readonly Piece[]>
  readonly yours: readonly Piece[]
  readonly yoursUpTo: number
  readonly size: BoardSize
  readonly moves: readonly MoveNote[]
  readonly nowUnixMs: number
  /** The number of a piece. */
  readonly selected: number | undefined
  /** What lies over the board while it is not current. */
  readonly stale: string | undefined
  onSelect(piece: number): void
  onMove(piece: Piece, to: (from: Cell) => Cell | undefined): void
  onUndo(note: MoveNote): void
}

/** The board: pieces that roam on a canvas, yours as buttons over it. */
export function BoardView(props: BoardViewProps) {
  const { pieces, yours, yoursUpTo, size, selected, stale, onSelect, onMove } = props
  const root = useRef<HTMLDivElement>(null)
  const cellOf = (event: MouseEvent): Cell | undefined => {
    const box = root.current?.getBoundingClientRect()
    if (box === undefined || box.width === 0) return undefined
    return cellAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, size)
  }
  const click = (event: MouseEvent): void => {
    const cell = cellOf(event)
    if (cell === undefined) return
    const there = pieces.get().find(({ x, y }) => x === cell.x && y === cell.y)
    if (there !== undefined) return onSelect(there.piece)
    const chosen = yours.find(({ piece }) => piece === selected)
    if (chosen !== undefined) onMove(chosen, () => cell)
  }
  return (
    <div
      ref={root}
      className="world-board"
      role="application"
      aria-label={`Board of ${size.width} by ${size.height} cells`}
      aria-describedby="world-board-help"
      data-stale={stale !== undefined}
      style={{ aspectRatio: `${size.width} / ${size.height}` }}
      onClick={click}
    >
      <BoardCanvas pieces={pieces} size={size} yours={yoursUpTo} />
      {selected !== undefined && selected > yoursUpTo && (
        <SelectedRing pieces={pieces} size={size} selected={selected} />
      )}
      {yours.map((piece) => (
        <YourPiece key={piece.piece} {...props} piece={piece} />
      ))}
      {stale !== undefined && <span className="world-stale">{stale}</span>}
    </div>
  )
}

/** Follows a piece that roams. */
function SelectedRing({ pieces, size, selected }: Pick<BoardViewProps, 'pieces' | 'size' | 'selected'>) {
  const piece = useReadable(pieces).find((one) => one.piece === selected)
  return piece && <i className="world-ring" aria-hidden="true" style={placeOf(piece, size)} />
}

function YourPiece({
  piece,
  size,
  moves,
  nowUnixMs,
  selected,
  onSelect,
  onMove,
  onUndo,
}: BoardViewProps & { readonly piece: Piece }) {
  const note = shownNote(moves, piece.piece, nowUnixMs)
  const state = note?.outcome ?? 'still'
  return (
    <>
      {note?.outcome === 'pending' && (
        <i className="world-from" aria-hidden="true" style={placeOf(note.from, size)} />
      )}
      <button
        type="button"
        className="world-piece"
        data-piece={piece.piece}
        data-cell={cellText(piece)}
        data-state={state}
        aria-pressed={piece.piece === selected}
        aria-label={`Piece ${piece.piece} at ${cellText(piece)}${state === 'still' ? '' : `, ${state}`}`}
        style={placeOf(piece, size)}
        onFocus={() => onSelect(piece.piece)}
        onClick={(event) => {
          event.stopPropagation()
          onSelect(piece.piece)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && note?.outcome === 'pending') return onUndo(note)
          if (!event.key.startsWith('Arrow')) return
          event.preventDefault()
          onMove(piece, (from) => stepTo(from, event.key, size))
        }}
      >
        {piece.piece}
      </button>
    </>
  )
}

function placeOf({ x, y }: Cell, { width, height }: BoardSize) {
  return { left: `${((x + 0.5) / width) * 100}%`, top: `${((y + 0.5) / height) * 100}%` }
}
