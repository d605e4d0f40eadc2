import type { Collection, Row } from '@freshet/core'
import { useEffect, useRef, useState, type CSSProperties, type ReactNode } from 'react'
import type { GridSort } from './grid-query.ts'
import { useActiveRow } from './use-active-row.ts'
import { useListedRows } from './use-listed-rows.ts'

export type GridColumn = {
  readonly id: string
  readonly title: string
  readonly numeric?: boolean | undefined
  /** In pixels; one column without takes what is left. */
  readonly width?: number | undefined
  /** The fields that rows are ordered by. Absent: the grid is not ordered by it. */
  readonly orderBy?: readonly string[] | undefined
}

export type LiveGridProps<T extends Row> = {
  readonly label: string
  readonly className: string
  readonly rows: Collection<T>
  readonly columns: readonly GridColumn[]
  readonly initialSort: GridSort
  /** In pixels, the same for all rows. */
  readonly rowHeight: number
  /** Only rows with each word of it in their `sought` are shown. */
  readonly sought: string
  /** The cells of a row. */
  renderCells(row: T): ReactNode
  readonly openId?: string | undefined
  onOpen?: ((row: T) => void) | undefined
  /** Told of the rows that are in the document, where scrolling rests. */
  onShown?: ((ids: readonly string[]) => void) | undefined
  /** Shown instead of rows. */
  readonly empty: ReactNode
}

const restMs = 80

/** Rows that come, change and go by themselves, of which only those on screen are in the document. */
export function LiveGrid<T extends Row>(props: LiveGridProps<T>) {
  const { label, className, rows, columns, rowHeight, openId, onOpen, onShown } = props
  const [sort, setSort] = useState(props.initialSort)
  const scroller = useRef<HTMLDivElement>(null)
  const listed = useListedRows(scroller, props, sort)
  const { from, to, total, shown } = listed
  useEffect(() => {
    // Rows that are only scrolled past are nobody's business.
    const timer = setTimeout(() => onShown?.(shown.ids), restMs)
    return () => clearTimeout(timer)
  }, [onShown, shown.ids])
  const active = useActiveRow(scroller, listed, rowHeight)
  const open = (id: string | undefined): void => {
    const row = id === undefined ? undefined : rows.get(id)
    if (row !== undefined) onOpen?.(row)
  }
  const rowId = (id: string): string => `${className}-${id}`
  return (
    <div
      ref={scroller}
      className="book-scroll"
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-activedescendant={active.id !== undefined && active.isShown ? rowId(active.id) : undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return
        const isOpening = event.key === 'Enter' || event.key === ' '
        if (isOpening) open(active.id)
        if (isOpening || active.goBy(event.key)) event.preventDefault()
      }}
      onFocus={active.begin}
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
          {shown.ids.map((id, at) => {
            const row = shown.rows[at]
            if (row === undefined) return undefined
            return (
              <tr
                key={id}
                id={rowId(id)}
                role="row"
                aria-rowindex={from + at + 2}
                aria-selected={id === openId}
                data-active={id === active.id || undefined}
                data-open={id === openId || undefined}
                onClick={() => {
                  active.choose(id)
                  open(id)
                }}
              >
                {props.renderCells(row)}
              </tr>
            )
          })}
          <Space rows={total - to} rowHeight={rowHeight} columns={columns.length} />
        </tbody>
      </table>
      {total === 0 && (
        <p className="book-empty" role="status">
          {props.empty}
        </p>
      )}
    </div>
  )
}

type HeadProps = {
  readonly column: GridColumn
  readonly sort: GridSort
  onSort(sort: GridSort): void
}

function Head({ column: { id, title, numeric, orderBy }, sort, onSort }: HeadProps) {
  const direction = sort.column === id ? sort.direction : undefined
  const turned = direction === 'ascending' ? 'descending' : 'ascending'
  return (
    <th role="columnheader" className={numeric ? 'numeric' : undefined} aria-sort={direction}>
      {orderBy === undefined ? (
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
