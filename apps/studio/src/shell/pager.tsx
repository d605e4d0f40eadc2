export type PagerProps = {
  /** From 0. */
  readonly page: number
  readonly pages: number
  readonly pageSize: number
  readonly pageSizes: readonly number[]
  onPage(page: number): void
  onPageSize(pageSize: number): void
}

/** Steps through the pages. */
export function Pager({ page, pages, pageSize, pageSizes, onPage, onPageSize }: PagerProps) {
  return (
    <nav className="pager" aria-label="Pages">
      <button
        type="button"
        className="quiet"
        aria-label="Page before"
        disabled={page === 0}
        onClick={() => onPage(page - 1)}
      >
        ‹
      </button>
      <span>
        page {Math.min(page + 1, pages)} of {pages}
      </span>
      <button
        type="button"
        className="quiet"
        aria-label="Page after"
        disabled={page + 1 >= pages}
        onClick={() => onPage(page + 1)}
      >
        ›
      </button>
      <select
        aria-label="Rows per page"
        value={pageSize}
        onChange={(event) => onPageSize(Number(event.target.value))}
      >
        {pageSizes.map((size) => (
          <option key={size} value={size}>
            {size} rows
          </option>
        ))}
      </select>
    </nav>
  )
}
