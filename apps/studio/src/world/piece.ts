import type { Cell } from './board-cell.ts'

/** What the world's models hold. */
export type Game = {
  readonly ns: {
    readonly Position: { readonly player: string; readonly vec: Cell }
    readonly Moves: { readonly player: string; readonly remaining: bigint; readonly last_direction: string }
  }
}

/** A piece as it is shown, a move that is pending folded in. */
export type Piece = Cell & {
  readonly entityId: string
  /** Its number, from 1. */
  readonly piece: number
  /** When it was seen to move; 0 for one that has not. */
  readonly movedAtUnixMs: number
}

type Row = Game['ns']['Position']

/** Makes pieces of rows, and again only of those that have changed: the same piece is the same object. */
export function createPieceReader(now: () => number) {
  let known = new Map<string, { readonly row: Row; readonly piece: Piece }>()
  return (rows: readonly Row[], ids: readonly string[]): readonly Piece[] => {
    const next = new Map<string, { readonly row: Row; readonly piece: Piece }>()
    rows.forEach((row, at) => {
      const entityId = ids[at]
      if (entityId === undefined) return
      const before = known.get(entityId)
      next.set(
        entityId,
        before?.row === row ? before : { row, piece: pieceOf(entityId, row, before?.piece, now()) },
      )
    })
    known = next
    return [...next.values()].map(({ piece }) => piece)
  }
}

function pieceOf(entityId: string, { player, vec }: Row, before: Piece | undefined, now: number): Piece {
  const isThere = before?.x === vec.x && before.y === vec.y
  const movedAtUnixMs = before === undefined ? 0 : isThere ? before.movedAtUnixMs : now
  return { entityId, piece: Number(player), x: vec.x, y: vec.y, movedAtUnixMs }
}
