import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { headerRow, type ActiveCell } from './grid-position.ts'

export type GridFocus = {
  /** The one cell in the tab order. */
  readonly active: ActiveCell
  /** Moves the keyboard there. */
  focus(cell: ActiveCell): void
  /** Notes where the keyboard has come to. */
  entered(cell: ActiveCell): void
  /** Notes that it has gone elsewhere. */
  left(): void
}

/**
 * Keeps the keyboard at its row: a row that is drawn elsewhere takes it along,
 * and where a row has gone, the one that took its place gets it.
 */
export function useGridFocus(
  grid: RefObject<HTMLElement | null>,
  rowIds: readonly string[],
  firstField: string,
): GridFocus {
  const [chosen, setChosen] = useState<ActiveCell>({ rowId: headerRow, field: firstField })
  const lastIndex = useRef(0)
  const isAsked = useRef(false)
  const hasKeyboard = useRef(false)
  const index = rowIds.indexOf(chosen.rowId)
  useEffect(() => {
    if (index >= 0) lastIndex.current = index
  }, [index])

  useLayoutEffect(() => {
    // A browser takes the keyboard from an element that is moved or removed, and leaves it nowhere.
    const isLost = hasKeyboard.current && document.activeElement === document.body
    if (!isAsked.current && !isLost) return
    isAsked.current = false
    const isGone = chosen.rowId !== headerRow && !rowIds.includes(chosen.rowId)
    const place = Math.min(lastIndex.current, rowIds.length - 1)
    const rowId = isGone ? (rowIds[place] ?? headerRow) : chosen.rowId
    findCell(grid.current, { rowId, field: chosen.field })?.focus()
  })
  useEffect(() => {
    const onPointerDown = ({ target }: PointerEvent): void => {
      if (target instanceof Node && !grid.current?.contains(target)) hasKeyboard.current = false
    }
    document.addEventListener('pointerdown', onPointerDown)
    return () => document.removeEventListener('pointerdown', onPointerDown)
  }, [grid])

  return {
    active: index >= 0 || chosen.rowId === headerRow ? chosen : { rowId: headerRow, field: firstField },
    focus(cell) {
      isAsked.current = true
      setChosen({ ...cell })
    },
    entered(cell) {
      hasKeyboard.current = true
      if (cell.rowId !== chosen.rowId || cell.field !== chosen.field) setChosen(cell)
    },
    left() {
      hasKeyboard.current = false
    },
  }
}

/** The cell that an element of the grid is, if it is one. */
export function cellOf(target: EventTarget): ActiveCell | undefined {
  if (!(target instanceof HTMLElement)) return undefined
  const { row, field } = target.dataset
  return row === undefined || field === undefined ? undefined : { rowId: row, field }
}

function findCell(grid: HTMLElement | null, { rowId, field }: ActiveCell): HTMLElement | undefined {
  const cells = [...(grid?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
  return cells.find(({ dataset }) => dataset['row'] === rowId && dataset['field'] === field)
}
