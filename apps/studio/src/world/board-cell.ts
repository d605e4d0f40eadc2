/** A place on the board, counted from its upper left corner. */
export type Cell = { readonly x: number; readonly y: number }

/** In cells. */
export type BoardSize = { readonly width: number; readonly height: number }

const steps: Readonly<Record<string, Cell>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}

/** The cell a step away that a key means; undefined where it means none, or there is none. */
export function stepTo({ x, y }: Cell, key: string, { width, height }: BoardSize): Cell | undefined {
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined
  if (step === undefined) return undefined
  const to = { x: x + step.x, y: y + step.y }
  return to.x < 0 || to.y < 0 || to.x >= width || to.y >= height ? undefined : to
}

/** The cell at a share of the board's width and height. */
export function cellAt(across: number, down: number, { width, height }: BoardSize): Cell {
  const clamped = (share: number, cells: number): number =>
    Math.min(cells - 1, Math.max(0, Math.floor(share * cells)))
  return { x: clamped(across, width), y: clamped(down, height) }
}

export const cellText = ({ x, y }: Cell): string => `${x}, ${y}`
