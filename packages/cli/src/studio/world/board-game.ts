import { randomBelow, type Random } from '@freshet/core'
import type { MoveRequest } from './world-info.ts'

export type Cell = { readonly x: number; readonly y: number }

/** Pieces on a board of cells, at most one to a cell. */
export type BoardGame = {
  /** Where a piece stands. */
  cellOf(piece: number): Cell | undefined
  /** Puts a piece on a free cell by chance. */
  scatter(piece: number): Cell
  /** Moves a piece. @returns why that is against the rules; nothing is moved then. */
  move(request: MoveRequest): string | undefined
  /** Moves a piece to a free cell beside it by chance; undefined where there is none. */
  roam(piece: number): Cell | undefined
}

const beside = [
  { x: 1, y: 0 },
  { x: -1, y: 0 },
  { x: 0, y: 1 },
  { x: 0, y: -1 },
] as const

export function createBoardGame(width: number, height: number, random: Random): BoardGame {
  const cells = new Map<number, Cell>()
  const taken = new Map<number, number>()
  const keyOf = ({ x, y }: Cell): number => y * width + x
  const isOnBoard = ({ x, y }: Cell): boolean => x >= 0 && x < width && y >= 0 && y < height
  const isFree = (cell: Cell): boolean => isOnBoard(cell) && !taken.has(keyOf(cell))
  const put = (piece: number, cell: Cell): Cell => {
    const before = cells.get(piece)
    if (before) taken.delete(keyOf(before))
    cells.set(piece, cell)
    taken.set(keyOf(cell), piece)
    return cell
  }
  return {
    cellOf: (piece) => cells.get(piece),
    scatter(piece) {
      if (taken.size >= width * height) throw new RangeError('The board is full.')
      for (;;) {
        const cell = { x: randomBelow(random, width), y: randomBelow(random, height) }
        if (isFree(cell)) return put(piece, cell)
      }
    },
    move({ piece, x, y }) {
      if (!cells.has(piece)) return `There is no piece ${piece}.`
      if (!isOnBoard({ x, y })) return `${x}, ${y} is not on the board.`
      const there = taken.get(keyOf({ x, y }))
      if (there !== undefined && there !== piece) return `Piece ${there} stands on ${x}, ${y}.`
      put(piece, { x, y })
      return undefined
    },
    roam(piece) {
      const from = cells.get(piece)
      if (!from) return undefined
      const free = beside.map(({ x, y }) => ({ x: from.x + x, y: from.y + y })).filter(isFree)
      const to = free[randomBelow(random, free.length)]
      return to && put(piece, to)
    },
  }
}
