/** A page of a list, from 1. */
export type Pagination = {
  readonly page: number
  /** Items per page. */
  readonly ipp: number
}

/** Items per page where nothing is said. */
export const defaultIpp = 50

/** A page; numbers below 1 and fractions are brought to the nearest page there can be. */
export function pagination(page = 1, ipp = defaultIpp): Pagination {
  return { page: atLeastOne(page), ipp: atLeastOne(ipp) }
}

/** Another page size, on the page that shows the first item that was shown. */
export function withIpp({ page, ipp }: Pagination, newIpp: number): Pagination {
  const firstItem = (page - 1) * ipp
  const size = atLeastOne(newIpp)
  return { page: Math.floor(firstItem / size) + 1, ipp: size }
}

/** The window of a page. */
export function windowOf(page: Pagination | undefined): {
  readonly offset?: number
  readonly limit?: number
} {
  if (page === undefined) return {}
  return { offset: (page.page - 1) * page.ipp, limit: page.ipp }
}

function atLeastOne(count: number): number {
  return Number.isFinite(count) ? Math.max(1, Math.floor(count)) : 1
}
