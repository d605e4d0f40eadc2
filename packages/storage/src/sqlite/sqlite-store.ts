import type {
  Commit,
  CommitSeq,
  Row,
  Store,
  StoreChanges,
  StoreRecord,
  StoreWrite,
  Term,
} from '@freshet/core'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { closedError, corruptError, deposedError } from '../errors.ts'
import { checkedSliceRows } from '../key-interval.ts'
import { encodingRecord } from '../storable.ts'
import { defaultMaxTombstones } from '../store-options.ts'
import { appendKey, commitScope, intentTableNamed, tableNamed, type TableSet } from '../tables.ts'
import { rangeQuery } from './range-query.ts'
import { decodeRow, encodeRow } from './row-codec.ts'
import { translating } from './sqlite-errors.ts'
import { statementCache, type StoredTable } from './stored-table.ts'
import { fromStoredText, toStoredText } from './stored-text.ts'
import { inSnapshot, inTransaction } from './transaction.ts'

export type SqliteStoreParts = {
  readonly database: DatabaseSync
  readonly tables: TableSet
  readonly stored: ReadonlyMap<string, StoredTable>
  readonly path: string
  readonly maxTombstones: number | undefined
}

type State = { readonly seq: CommitSeq; readonly term: Term; readonly resetSeq: CommitSeq }

/**
 * The store on a prepared file. SQLite answers at once, so each call does its
 * work before it returns its promise; calls take effect in the order made.
 */
export function createSqliteStore({
  database,
  tables,
  stored,
  path,
  maxTombstones,
}: SqliteStoreParts): Store {
  const prepared = statementCache(database)
  const writer = createWriter(prepared, maxTombstones ?? defaultMaxTombstones)
  let isDurable = false

  const open = <T>(work: () => T): T => {
    if (!database.isOpen) throw closedError(path)
    return translating(path, work)
  }

  const storedTable = (name: string): StoredTable => {
    const { name: known } = tableNamed(tables, name)
    const table = stored.get(known)
    if (table === undefined) throw corruptError(path, `its table "${name}" was not made`)
    return table
  }

  /** One transaction that writes; `durable` ones are on the disk when it returns [T7]. */
  const write = <T>(durable: boolean, work: (state: State) => T): T => {
    // SQLite takes the change of this setting only between transactions.
    if (durable !== isDurable) database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
    isDurable = durable
    return inTransaction(database, () => work(readState(prepared)))
  }

  const toRecord = (table: StoredTable, columns: readonly unknown[]): StoreRecord => {
    const id = fromStoredText(String(columns[0]))
    return { id, value: readRow(table, id, columns[1]) }
  }

  const readRow = (table: StoredTable, id: string, bytes: unknown): Row => {
    try {
      // The column is declared BLOB NOT NULL in a STRICT table.
      return decodeRow(bytes as Uint8Array)
    } catch (error) {
      throw corruptError(
        path,
        `record ${JSON.stringify(id.slice(0, 100))} of table "${table.name}" cannot be read`,
        error,
      )
    }
  }

  function* changedIn(table: StoredTable, seq: CommitSeq): Generator<StoreWrite> {
    const newest = prepared(`SELECT id, value, seq FROM t${table.number} ORDER BY rowid DESC`)
    for (const columns of rowsOf(newest)) {
      if (Number(columns[2]) <= seq) break
      yield { table: table.name, ...toRecord(table, columns) }
    }
    const gone = prepared(
      `SELECT id FROM freshet_tombstone AS gone WHERE number = ? AND seq > ?
       AND NOT EXISTS (SELECT 1 FROM t${table.number} AS kept WHERE kept.id = gone.id)`,
    )
    for (const columns of rowsOf(gone, table.number, seq)) {
      yield { table: table.name, id: fromStoredText(String(columns[0])), value: undefined }
    }
  }

  async function* scan(name: string, sliceRows: number): AsyncGenerator<readonly StoreRecord[]> {
    const size = checkedSliceRows(sliceRows)
    for (let after: string | undefined; ;) {
      const slice = open(() => {
        const table = storedTable(name)
        const where = after === undefined ? '' : 'WHERE id > ?'
        const records = prepared(`SELECT id, value FROM t${table.number} ${where} ORDER BY id LIMIT ?`)
        const bounds = after === undefined ? [size] : [toStoredText(after), size]
        return listsOf(records, ...bounds).map((columns) => toRecord(table, columns))
      })
      if (slice.length > 0) yield slice
      if (slice.length < size) return
      after = slice.at(-1)?.id
    }
  }

  return {
    async commit(commit: Commit, term: Term | undefined) {
      return open(() => {
        const { touchesIntent, clearsReplica } = commitScope(tables, commit, term)
        return write(touchesIntent, (state) => {
          if (term !== undefined && term !== state.term) throw deposedError(path, term, state.term)
          const seq = state.seq + 1
          for (const name of commit.clear ?? []) writer.clear(storedTable(name))
          const deleted = writer.apply(commit.writes, seq, storedTable)
          const pruned = deleted ? writer.prune() : 0
          writer.advance(seq, Math.max(state.resetSeq, pruned, clearsReplica ? seq : 0))
          return seq
        })
      })
    },

    async append(name, value) {
      return open(() => {
        const { name: table } = intentTableNamed(tables, name)
        return write(true, (state) => {
          const seq = state.seq + 1
          const id = appendKey(seq)
          writer.apply([{ table, id, value }], seq, storedTable)
          writer.advance(seq, state.resetSeq)
          return id
        })
      })
    },

    async get(name, ids) {
      return open(() => {
        const table = storedTable(name)
        const one = prepared(`SELECT id, value FROM t${table.number} WHERE id = ?`)
        return ids.map((id) => {
          const [columns] = listsOf(one, toStoredText(id))
          return columns && readRow(table, id, columns[1])
        })
      })
    },

    async range(name, range) {
      return open(() => {
        const table = storedTable(name)
        const { sql, values } = rangeQuery(table, tableNamed(tables, name), range)
        return listsOf(prepared(sql), ...values).map((columns) => toRecord(table, columns))
      })
    },

    scan,

    async count(name) {
      return open(() => {
        const [columns] = listsOf(prepared(`SELECT count(*) FROM t${storedTable(name).number}`))
        return Number(columns?.[0])
      })
    },

    async changesSince(seq): Promise<StoreChanges> {
      return open(() =>
        inSnapshot(database, () => {
          const state = readState(prepared)
          if (!(seq >= state.resetSeq && seq <= state.seq)) return { kind: 'reset', seq: state.seq }
          const followed = [...stored.values()].filter((table) => table.space === 'replica')
          const writes = followed.flatMap((table) => [...changedIn(table, seq)])
          return { kind: 'changes', seq: state.seq, writes }
        }),
      )
    },

    async takeTerm() {
      return open(() =>
        write(false, (state) => {
          prepared('UPDATE freshet_state SET term = ?').run(state.term + 1)
          return state.term + 1
        }),
      )
    },

    async info() {
      return open(() => {
        const { seq, term } = readState(prepared)
        return { seq, term }
      })
    },

    async close() {
      if (database.isOpen) translating(path, () => database.close())
    },
  }
}

type Prepared = (sql: string) => StatementSync

function readState(prepared: Prepared): State {
  const [columns] = listsOf(prepared('SELECT seq, term, resetSeq FROM freshet_state'))
  const [seq, term, resetSeq] = columns ?? []
  return { seq: Number(seq), term: Number(term), resetSeq: Number(resetSeq) }
}

type TableStatements = {
  readonly table: StoredTable
  readonly put: StatementSync
  readonly remove: StatementSync
}

/** The writing half, within the caller's transaction. */
function createWriter(prepared: Prepared, maxTombstones: number) {
  const statements = new Map<string, TableStatements>()

  const statementsOf = (name: string, storedTable: (name: string) => StoredTable): TableStatements => {
    let found = statements.get(name)
    if (found === undefined) {
      const table = storedTable(name)
      const keys = table.indexes.map((_, at) => `, k${at}`).join('')
      const marks = ', ?'.repeat(table.indexes.length)
      const put = prepared(`REPLACE INTO t${table.number} (id, seq, value${keys}) VALUES (?, ?, ?${marks})`)
      found = { table, put, remove: prepared(`DELETE FROM t${table.number} WHERE id = ?`) }
      statements.set(name, found)
    }
    return found
  }

  const remove = ({ table, remove: gone }: TableStatements, id: string, seq: CommitSeq): boolean => {
    if (gone.run(id).changes === 0) return false
    if (table.space === 'intent') return false
    prepared('REPLACE INTO freshet_tombstone (number, id, seq) VALUES (?, ?, ?)').run(table.number, id, seq)
    return true
  }

  return {
    /** @returns whether a deletion was noted. */
    apply(
      writes: readonly StoreWrite[],
      seq: CommitSeq,
      storedTable: (name: string) => StoredTable,
    ): boolean {
      let deleted = false
      for (const { table: name, id, value } of writes) {
        const of = statementsOf(name, storedTable)
        if (value === undefined) {
          if (remove(of, toStoredText(id), seq)) deleted = true
        } else {
          encodingRecord(name, id, value, (row) => putRow(of, id, seq, row))
        }
      }
      return deleted
    },
    clear({ number }: StoredTable): void {
      prepared(`DELETE FROM t${number}`).run()
      prepared('DELETE FROM freshet_tombstone WHERE number = ?').run(number)
    },
    /** Forgets the oldest deletions beyond the bound. @returns the number up to which they are gone. */
    prune(): CommitSeq {
      const [newest] = listsOf(prepared('SELECT max(rowid) FROM freshet_tombstone'))
      const last = Number(newest?.[0] ?? 0) - maxTombstones
      if (last <= 0) return 0
      const [pruned] = listsOf(prepared('SELECT max(seq) FROM freshet_tombstone WHERE rowid <= ?'), last)
      prepared('DELETE FROM freshet_tombstone WHERE rowid <= ?').run(last)
      return Number(pruned?.[0] ?? 0)
    },
    advance(seq: CommitSeq, resetSeq: CommitSeq): void {
      prepared('UPDATE freshet_state SET seq = ?, resetSeq = ?').run(seq, resetSeq)
    },
  }
}

function putRow({ table, put }: TableStatements, id: string, seq: CommitSeq, row: Row): void {
  const bytes = encodeRow(row)
  put.run(toStoredText(id), seq, bytes, ...table.keys.map((keyOf) => keyOf(row)))
}

// Statements here return lists, which the types of node:sqlite do not know.
function listsOf(statement: StatementSync, ...values: SQLInputValue[]): readonly (readonly unknown[])[] {
  return statement.all(...values) as unknown as readonly (readonly unknown[])[]
}

function rowsOf(statement: StatementSync, ...values: SQLInputValue[]): Iterable<readonly unknown[]> {
  return statement.iterate(...values) as unknown as Iterable<readonly unknown[]>
}
