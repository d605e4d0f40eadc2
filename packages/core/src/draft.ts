import type { Draft, RowKey } from './projection.ts'
import type { Row } from './value.ts'

export type DraftWrite = RowKey & { readonly row: Row | undefined }

/** A draft over confirmed rows that remembers, step by step, how to undo itself. */
export type WorkingDraft = Draft & {
  /** How to go back to where the last call of this function left the draft, newest write first. */
  takeUndo(): DraftWrite[]
  restore(undo: readonly DraftWrite[]): void
  /** The net writes, one per row. */
  writes(): Iterable<DraftWrite>
}

export function createDraft(confirmed: (table: string, id: string) => Row | undefined): WorkingDraft {
  const tables = new Map<string, Map<string, Row | undefined>>()
  let undo: DraftWrite[] = []
  let undone = new Set<string>()

  const rowsOf = (table: string): Map<string, Row | undefined> => {
    const known = tables.get(table)
    if (known) return known
    const fresh = new Map<string, Row | undefined>()
    tables.set(table, fresh)
    return fresh
  }
  const get = (table: string, id: string): Row | undefined => {
    const rows = tables.get(table)
    return rows?.has(id) ? rows.get(id) : confirmed(table, id)
  }
  const write = (table: string, id: string, row: Row | undefined): void => {
    const key = rowKeyText(table, id)
    if (!undone.has(key)) {
      undone.add(key)
      undo.push({ table, id, row: get(table, id) })
    }
    rowsOf(table).set(id, row)
  }

  return {
    get,
    put: write,
    delete: (table, id) => write(table, id, undefined),
    takeUndo() {
      const taken = undo.reverse()
      undo = []
      undone = new Set()
      return taken
    },
    restore(writes) {
      for (const { table, id, row } of writes) rowsOf(table).set(id, row)
    },
    *writes() {
      for (const [table, rows] of tables) {
        for (const [id, row] of rows) yield { table, id, row }
      }
    },
  }
}

/** One string per row of all tables; a table name holds no line break. */
export function rowKeyText(table: string, id: string): string {
  return `${table}\n${id}`
}

/** The table of such a text. */
export function tableOfKey(key: string): string {
  return key.slice(0, key.indexOf('\n'))
}
