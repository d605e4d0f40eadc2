import type { BoardSize } from './board-cell.ts'
import type { Piece } from './piece.ts'

/** The colours of the board as the page has them now. */
export type BoardInk = { readonly piece: string; readonly moved: string }

/** Reads them from the probes below an element, to which `world.css` gives them. */
export function readBoardInk(root: Element): BoardInk {
  const ink = (name: string): string => {
    const probe = root.querySelector(`[data-ink='${name}']`)
    return probe === null ? 'gray' : getComputedStyle(probe).color
  }
  return { piece: ink('piece'), moved: ink('moved') }
}

/** How long a piece that moved is lit. */
export const litForMs = 500

/**
 * Draws the pieces, those that have just moved in their own colour; one path for each colour.
 *
 * @returns Whether some have just moved: it is to be drawn again when that is over.
 */
export function drawBoard(
  context: CanvasRenderingContext2D,
  pieces: readonly Piece[],
  { width, height }: BoardSize,
  ink: BoardInk,
  nowUnixMs: number,
): boolean {
  const { canvas } = context
  context.clearRect(0, 0, canvas.width, canvas.height)
  const [across, down] = [canvas.width / width, canvas.height / height]
  const draw = (colour: string, isDrawn: (piece: Piece) => boolean): void => {
    context.fillStyle = colour
    context.beginPath()
    for (const piece of pieces) {
      if (!isDrawn(piece)) continue
      context.rect((piece.x + 0.2) * across, (piece.y + 0.2) * down, 0.6 * across, 0.6 * down)
    }
    context.fill()
  }
  const isLit = ({ movedAtUnixMs }: Piece): boolean => nowUnixMs - movedAtUnixMs < litForMs
  draw(ink.piece, (piece) => !isLit(piece))
  draw(ink.moved, isLit)
  return pieces.some(isLit)
}
