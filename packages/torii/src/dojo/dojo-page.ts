export type DojoPagination = {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  readonly direction?: string | undefined
  readonly order_by?: readonly unknown[] | undefined
}

export type DojoPage<T> = { readonly items: T[]; readonly next_cursor: string | undefined }

/** Some of what was found, by id; the cursor is the last id of the page before. */
export function pageOf<T>(
  ids: readonly string[],
  { limit = Infinity, cursor, direction }: DojoPagination,
  make: (id: string) => T,
): DojoPage<T> {
  const isBackward = direction === 'Backward'
  const sorted = ids.toSorted((a, b) => (a < b === isBackward ? 1 : -1))
  const rest = cursor ? sorted.filter((id) => (isBackward ? id < cursor : id > cursor)) : sorted
  const taken = rest.slice(0, limit)
  return { items: taken.map(make), next_cursor: rest.length > taken.length ? taken.at(-1) : undefined }
}
