import type { CommitSeq, Row, StoreRange, StoreRecord, StoreTable, StoreWrite, Term } from '@freshet/core'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { corruptError } from '../errors.ts'
import { rangeQuery } from './range-query.ts'
import { decodeRow } from './row-codec.ts'
import type { StatementCache } from './statement-cache.ts'
import type { StoredTable } from './stored-table.ts'
import { fromStoredText, toStoredText } from './stored-text.ts'

export type State = { readonly seq: CommitSeq; readonly term: Term; readonly resetSeq: CommitSeq }

/** The reading half of the store. What must agree is read in the caller's transaction. */
export type Reader = {
  state(): State
  get(table: StoredTable, ids: readonly string[]): (Row | undefined)[]
  range(table: StoredTable, declared: StoreTable, range: StoreRange): StoreRecord[]
  /** The next records by id. */
  slice(table: StoredTable, after: string | undefined, rows: number): StoreRecord[]
  count(table: StoredTable): number
  changedSince(table: StoredTable, seq: CommitSeq): StoreWrite[]
}

export function createReader(prepared: StatementCache, path: string): Reader {
  const toRow = (table: StoredTable, id: string, bytes: unknown): Row => {
    try {
      // The column is declared BLOB NOT NULL in a STRICT table.
      return decodeRow(bytes as Uint8Array)
    } catch (error) {
      const record = `record ${JSON.stringify(id.slice(0, 100))} of table "${table.name}"`
      throw corruptError(path, `${record} cannot be read`, error)
    }
  }
  const toRecord = (table: StoredTable, [storedId, bytes]: readonly unknown[]): StoreRecord => {
    const id = fromStoredText(String(storedId))
    return { id, value: toRow(table, id, bytes) }
  }

  return {
    state() {
      const [columns] = listsOf(prepared(selectState))
      const [seq, term, resetSeq] = columns ?? []
      return { seq: Number(seq), term: Number(term), resetSeq: Number(resetSeq) }
    },
    get(table, ids) {
      const one = prepared(`SELECT value FROM ${table.source} WHERE id = ?`)
      return ids.map((id) => {
        const [columns] = listsOf(one, toStoredText(id))
        return columns && toRow(table, id, columns[0])
      })
    },
    range(table, declared, range) {
      const { sql, values } = rangeQuery(table, declared, range)
      return listsOf(prepared(sql), ...values).map((columns) => toRecord(table, columns))
    },
    slice(table, after, rows) {
      const where = after === undefined ? '' : 'WHERE id > ?'
      const records = prepared(`SELECT id, value FROM ${table.source} ${where} ORDER BY id LIMIT ?`)
      const bounds = after === undefined ? [rows] : [toStoredText(after), rows]
      return listsOf(records, ...bounds).map((columns) => toRecord(table, columns))
    },
    count(table) {
      const [columns] = listsOf(prepared(`SELECT count(*) FROM ${table.source}`))
      return Number(columns?.[0])
    },
    changedSince(table, seq) {
      const writes: StoreWrite[] = []
      // Newest first, so that reading can stop at what the follower has.
      const newest = prepared(`SELECT id, value, seq FROM t${table.number} ORDER BY rowid DESC`)
      for (const columns of eachOf(newest)) {
        if (Number(columns[2]) <= seq) break
        writes.push({ table: table.name, ...toRecord(table, columns) })
      }
      const gone = prepared(
        `SELECT id FROM freshet_tombstone AS gone WHERE number = ? AND seq > ?
         AND NOT EXISTS (SELECT 1 FROM t${table.number} AS kept WHERE kept.id = gone.id)`,
      )
      for (const [id] of listsOf(gone, table.number, seq)) {
        writes.push({ table: table.name, id: fromStoredText(String(id)), value: undefined })
      }
      return writes
    },
  }
}

const selectState = 'SELECT (SELECT max(seq) FROM freshet_appended), term, resetSeq FROM freshet_state'

/** The rows of a statement as lists of columns. */
export function listsOf(
  statement: StatementSync,
  ...values: SQLInputValue[]
): readonly (readonly unknown[])[] {
  // The cache sets statements to return lists, which the types of node:sqlite do not know.
  return statement.all(...values) as unknown as readonly (readonly unknown[])[]
}

function eachOf(statement: StatementSync): Iterable<readonly unknown[]> {
  // As above.
  return statement.iterate() as unknown as Iterable<readonly unknown[]>
}
