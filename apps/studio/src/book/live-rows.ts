/** Rows that are told one by one and can be read again from the start. */
export type LiveRows<T> = {
  /** What is there now. It goes on changing: another `LiveRows` says that it has. */
  readonly byId: ReadonlyMap<string, T>
  /** Another number means that rows came or went, not only changed. */
  readonly arrivals: number
}

export type LiveRowsKeeper<T> = {
  get(): LiveRows<T>
  /** Takes in what was told: the row as it is now, or null where it is gone. */
  take(told: readonly (readonly [id: string, row: T | null])[]): void
  /** Begins to read all rows anew. What is told from here on is newer than what is read. */
  begin(): Reading<T>
}

type Reading<T> = {
  add(rows: readonly (T & { readonly id: string })[]): void
  /** Forgets what was neither read nor told. */
  finish(): void
}

/** Ten thousand rows are kept in one map: a copy for each block would cost more than what has changed. */
export function createLiveRows<T>(): LiveRowsKeeper<T> {
  const byId = new Map<string, T>()
  let rows: LiveRows<T> = { byId, arrivals: 0 }
  let told = new Set<string>()
  const change = (changes: Iterable<readonly [string, T | null]>): void => {
    let { arrivals } = rows
    for (const [id, row] of changes) {
      if (row === null ? byId.delete(id) : !byId.has(id)) arrivals++
      if (row !== null) byId.set(id, row)
    }
    rows = { byId, arrivals }
  }
  return {
    get: () => rows,
    take(changes) {
      for (const [id] of changes) told.add(id)
      change(changes)
    },
    begin() {
      const mine = new Set<string>()
      const read = new Set<string>()
      told = mine
      return {
        add(found) {
          for (const { id } of found) read.add(id)
          change(found.filter(({ id }) => !mine.has(id)).map((row) => [row.id, row]))
        },
        finish() {
          const gone = [...byId.keys()].filter((id) => !read.has(id) && !mine.has(id))
          change(gone.map((id) => [id, null]))
        },
      }
    },
  }
}
