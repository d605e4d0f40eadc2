/** Who has read which rows, each named `table/id`. */
export type RowReaders<Reader> = {
  /** Replaces what a reader has read. */
  set(reader: Reader, rows: readonly string[]): void
  of(row: string): readonly Reader[]
  ofRows(table: string, ids: readonly string[]): ReadonlySet<Reader>
}

export function createRowReaders<Reader extends object>(): RowReaders<Reader> {
  const readers = new Map<string, Set<Reader>>()
  const rowsOf = new Map<Reader, readonly string[]>()
  const none: ReadonlySet<Reader> = new Set()
  return {
    set(reader, rows) {
      for (const row of rowsOf.get(reader) ?? []) {
        const known = readers.get(row)
        known?.delete(reader)
        if (known?.size === 0) readers.delete(row)
      }
      if (rows.length === 0) rowsOf.delete(reader)
      else rowsOf.set(reader, rows)
      for (const row of rows) {
        const known = readers.get(row) ?? new Set<Reader>()
        readers.set(row, known)
        known.add(reader)
      }
    },
    of: (row) => [...(readers.get(row) ?? none)],
    ofRows: (table, ids) => new Set(ids.flatMap((id) => [...(readers.get(`${table}/${id}`) ?? none)])),
  }
}
