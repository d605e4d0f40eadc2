import {
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import type { LiveRows } from './live-rows.ts'
import { topToShow } from './row-window.ts'
import { sortedIds, type GridSort, type SortKey } from './sorted-ids.ts'
import { useRowWindow } from './use-row-window.ts'

export type GridColumn<T> = {
  readonly id: string
  readonly title: string
  readonly numeric?: boolean | undefined
  /** In pixels; one column without takes what is left. */
  readonly width?: number | undefined
  /** Absent: the grid is not ordered by it. */
  readonly sortBy?: SortKey<T> | undefined
}

export type LiveGridProps<T> = {
  readonly label: string
  readonly className: string
  readonly rows: LiveRows<T>
  readonly columns: readonly GridColumn<T>[]
  readonly initialSort: GridSort
  /** In pixels, the same for all rows. */
  readonly rowHeight: number
  /** What is sought, and in which text of a row. */
  readonly sought: string
  textOf(row: T, id: string): string
  /** The cells of a row. */
  renderCells(row: T, id: string): ReactNode
  readonly openId?: string | undefined
  onOpen?: ((id: string) => void) | undefined
  /** Told of the rows that are in the document, where scrolling rests. */
  onShown?: ((ids: readonly string[]) => void) | undefined
  /** Shown instead of rows. */
  readonly empty: ReactNode
  /** What `textOf` and the columns read beside the rows; another one means that they may say something else. */
  readonly basis: unknown
}

const restMs = 80

/** Rows that come, change and go by themselves, of which only those on screen are in the document. */
export function LiveGrid<T>(props: LiveGridProps<T>) {
  const { label, className, rows, columns, rowHeight, openId, onOpen, onShown } = props
  const [sort, setSort] = useState(props.initialSort)
  const ids = useIds(props, sort)
  const scroller = useRef<HTMLDivElement>(null)
  const { from, to } = useRowWindow(scroller, ids.length, rowHeight)
  const shown = useMemo(() => ids.slice(from, to), [ids, from, to])
  useEffect(() => {
    // Rows that are only scrolled past are nobody's business.
    const timer = setTimeout(() => onShown?.(shown), restMs)
    return () => clearTimeout(timer)
  }, [onShown, shown])
  const [activeId, setActiveId] = useState<string>()
  const activeRow = activeId === undefined ? -1 : ids.indexOf(activeId)
  const goTo = (row: number): void => {
    const element = scroller.current
    const next = Math.max(0, Math.min(ids.length - 1, row))
    setActiveId(ids[next])
    if (element === null) return
    const head = element.querySelector('thead')?.clientHeight ?? 0
    element.scrollTop = topToShow(next, element.scrollTop, element.clientHeight - head, rowHeight)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const isOpening = event.key === 'Enter' || event.key === ' '
    const next = isOpening ? undefined : rowAfter(event.key, activeRow, page, ids.length)
    if (next === undefined && !isOpening) return
    event.preventDefault()
    if (next !== undefined) goTo(next)
    else if (activeId !== undefined && activeRow >= 0) onOpen?.(activeId)
  }
  const rowId = (id: string): string => `${className}-${id}`
  return (
    <div
      ref={scroller}
      className="book-scroll"
      role="grid"
      aria-label={label}
      aria-rowcount={ids.length + 1}
      aria-activedescendant={shown.includes(activeId ?? '') ? rowId(activeId ?? '') : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onFocus={() => {
        if (activeRow < 0 && ids.length > 0) setActiveId(ids[from === 0 ? 0 : from])
      }}
    >
      <table className={`grid book-grid ${className}`} role="presentation" style={heightOfRows(rowHeight)}>
        <colgroup>
          {columns.map(({ id, width }) => (
            <col key={id} style={width === undefined ? undefined : { width }} />
          ))}
        </colgroup>
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} onSort={setSort} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          <Space rows={from} rowHeight={rowHeight} columns={columns.length} />
          {shown.map((id, at) => {
            const row = rows.byId.get(id)
            if (row === undefined) return undefined
            return (
              <tr
                key={id}
                id={rowId(id)}
                role="row"
                aria-rowindex={from + at + 2}
                aria-selected={id === openId}
                data-active={id === activeId || undefined}
                data-open={id === openId || undefined}
                onClick={() => {
                  setActiveId(id)
                  onOpen?.(id)
                }}
              >
                {props.renderCells(row, id)}
              </tr>
            )
          })}
          <Space rows={ids.length - to} rowHeight={rowHeight} columns={columns.length} />
        </tbody>
      </table>
      {ids.length === 0 && (
        <p className="book-empty" role="status">
          {props.empty}
        </p>
      )}
    </div>
  )
}

/** Ordered anew only where rows came or went, what is sought has changed, or the order is by what changes. */
function useIds<T>({ rows, columns, sought, textOf, basis }: LiveGridProps<T>, sort: GridSort) {
  const key = columns.find(({ id }) => id === sort.column)?.sortBy ?? byId
  const version = key.changes ? rows : rows.arrivals
  return useMemo(
    () => sortedIds(rows, key, sort.direction, textOf, sought),
    // `version` stands for `rows`, and `basis` for what the functions read.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [version, sort, sought, basis],
  )
}

const byId = { of: () => undefined, changes: false }

type HeadProps<T> = {
  readonly column: GridColumn<T>
  readonly sort: GridSort
  onSort(sort: GridSort): void
}

function Head<T>({ column: { id, title, numeric, sortBy }, sort, onSort }: HeadProps<T>) {
  const direction = sort.column === id ? sort.direction : undefined
  const turned = direction === 'ascending' ? 'descending' : 'ascending'
  return (
    <th role="columnheader" className={numeric ? 'numeric' : undefined} aria-sort={direction}>
      {sortBy === undefined ? (
        title
      ) : (
        <button type="button" className="book-sort" onClick={() => onSort({ column: id, direction: turned })}>
          {title}
          <span aria-hidden="true">
            {direction === undefined ? '' : direction === 'ascending' ? ' ▲' : ' ▼'}
          </span>
        </button>
      )}
    </th>
  )
}

/** The place of rows that are not in the document. */
function Space({
  rows,
  rowHeight,
  columns,
}: {
  readonly rows: number
  readonly rowHeight: number
  readonly columns: number
}) {
  if (rows <= 0) return undefined
  return (
    <tr className="book-space" aria-hidden="true">
      <td colSpan={columns} style={{ height: rows * rowHeight }} />
    </tr>
  )
}

function heightOfRows(rowHeight: number): CSSProperties {
  // A property of our own, which the types of React do not know.
  return { '--row-height': `${rowHeight}px` } as CSSProperties
}

function rowAfter(key: string, row: number, page: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return row + 1
    case 'ArrowUp':
      return row - 1
    case 'PageDown':
      return row + page
    case 'PageUp':
      return row - page
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}
