import type { Commit, Store, StoreChanges, StoreRecord, Term } from '@freshet/core'
import type { DatabaseSync } from 'node:sqlite'
import { closedError, corruptError, deposedError } from '../errors.ts'
import { checkedSliceRows } from '../key-interval.ts'
import { defaultMaxTombstones } from '../store-options.ts'
import { appendKey, commitScope, intentTableNamed, tableNamed, type TableSet } from '../tables.ts'
import { createReader, type State } from './reader.ts'
import { translating } from './sqlite-errors.ts'
import { createStatementCache } from './statement-cache.ts'
import type { StoredTable } from './stored-table.ts'
import { inSnapshot, inTransaction } from './transaction.ts'
import { createWriter } from './writer.ts'

export type SqliteStoreParts = {
  readonly database: DatabaseSync
  readonly tables: TableSet
  readonly stored: ReadonlyMap<string, StoredTable>
  readonly path: string
  readonly maxTombstones: number | undefined
}

/**
 * The store on a prepared file. SQLite answers at once, so each call does its
 * work before it returns its promise; calls take effect in the order made.
 */
export function createSqliteStore(parts: SqliteStoreParts): Store {
  const { database, tables, stored, path, maxTombstones = defaultMaxTombstones } = parts
  const prepared = createStatementCache(database)
  const reader = createReader(prepared, path)
  const writer = createWriter(prepared, maxTombstones, storedTable)
  let isDurable = false

  function storedTable(name: string): StoredTable {
    const table = stored.get(tableNamed(tables, name).name)
    if (table === undefined) throw corruptError(path, `its table "${name}" was not made`)
    return table
  }

  function open<T>(work: () => T): T {
    if (!database.isOpen) throw closedError(path)
    return translating(path, work)
  }

  /** What is written next is on the disk when its transaction ends [T7], or need not be. */
  function setDurable(durable: boolean): void {
    // SQLite takes a change of this setting only between transactions.
    if (durable !== isDurable) database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
    isDurable = durable
  }

  /** One transaction that writes. */
  function write<T>(durable: boolean, work: (state: State) => T): T {
    setDurable(durable)
    return inTransaction(database, () => work(reader.state()))
  }

  function commit(work: Commit, term: Term | undefined): number {
    const { touchesIntent, clearsReplica } = commitScope(tables, work, term)
    return write(touchesIntent, (state) => {
      if (term !== undefined && term !== state.term) throw deposedError(path, term, state.term)
      const seq = state.seq + 1
      for (const name of work.clear ?? []) writer.clear(storedTable(name))
      const deleted = writer.apply(work.writes, seq)
      const pruned = deleted ? writer.prune() : 0
      writer.advance(seq)
      const resetSeq = Math.max(pruned, clearsReplica ? seq : 0)
      if (resetSeq > state.resetSeq) writer.setResetSeq(resetSeq)
      return seq
    })
  }

  function append(name: string, value: StoreRecord['value']): string {
    const table = intentTableNamed(stored, name)
    if (table.appendsApart) {
      setDurable(true)
      return appendKey(writer.append(table, value))
    }
    return write(true, (state) => {
      const seq = state.seq + 1
      const id = appendKey(seq)
      writer.apply([{ table: name, id, value }], seq)
      writer.advance(seq)
      return id
    })
  }

  function changesSince(seq: number): StoreChanges {
    return inSnapshot(database, () => {
      const state = reader.state()
      if (!(seq >= state.resetSeq && seq <= state.seq)) return { kind: 'reset', seq: state.seq }
      const followed = [...stored.values()].filter((table) => table.space === 'replica')
      const writes = followed.flatMap((table) => reader.changedSince(table, seq))
      return { kind: 'changes', seq: state.seq, writes }
    })
  }

  async function* scan(name: string, sliceRows: number): AsyncGenerator<readonly StoreRecord[]> {
    const size = checkedSliceRows(sliceRows)
    let after: string | undefined
    for (let more = true; more;) {
      const slice = open(() => reader.slice(storedTable(name), after, size))
      if (slice.length > 0) yield slice
      after = slice.at(-1)?.id
      more = slice.length === size
    }
  }

  return {
    commit: async (work, term) => open(() => commit(work, term)),
    append: async (name, value) => open(() => append(name, value)),
    get: async (name, ids) => open(() => reader.get(storedTable(name), ids)),
    range: async (name, range) =>
      open(() => reader.range(storedTable(name), tableNamed(tables, name), range)),
    scan,
    count: async (name) => open(() => reader.count(storedTable(name))),
    changesSince: async (seq) => open(() => changesSince(seq)),
    takeTerm: async () =>
      open(() =>
        write(false, ({ term }) => {
          writer.setTerm(term + 1)
          return term + 1
        }),
      ),
    info: async () =>
      open(() => {
        const { seq, term } = reader.state()
        return { seq, term }
      }),
    async close() {
      if (database.isOpen) translating(path, () => database.close())
    },
  }
}
