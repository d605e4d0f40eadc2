import type { Draft, Row } from '@freshet/core'

/** A draft on plain maps, to look at a projection without a replica. */
export type MapDraft = Draft & { rows(table: string): readonly Row[] }

export function createMapDraft(): MapDraft {
  const tables = new Map<string, Map<string, Row>>()
  const rowsOf = (table: string): Map<string, Row> => {
    const rows = tables.get(table) ?? new Map<string, Row>()
    tables.set(table, rows)
    return rows
  }
  return {
    get: (table, id) => rowsOf(table).get(id),
    put: (table, id, row) => void rowsOf(table).set(id, row),
    delete: (table, id) => void rowsOf(table).delete(id),
    rows: (table) => [...rowsOf(table).values()],
  }
}
