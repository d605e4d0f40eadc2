import type {
  Commit,
  CommitSeq,
  Row,
  Store,
  StoreChanges,
  StoreRange,
  StoreRecord,
  StoreWrite,
  Term,
} from '@freshet/core'
import { corruptError, deposedError } from '../errors.ts'
import { checkedSliceRows } from '../key-interval.ts'
import { encodingRecord } from '../storable.ts'
import { defaultMaxTombstones } from '../store-options.ts'
import { appendKey, commitScope, indexNamed, intentTableNamed, tableNamed, type TableSet } from '../tables.ts'
import { fromClonedRow } from './clone-codec.ts'
import {
  keyIndexName,
  onlyKey,
  recordStoreName,
  type CatalogEntry,
  type State,
  type StoredRecord,
} from './database.ts'
import type { OpenedDatabase } from './open-database.ts'
import { readRange } from './range-read.ts'
import { applyWrite, clearTable, encodeWrites, pruneTombstones } from './record-writes.ts'
import { toStoredRecord, toWritableTable, type WritableTable } from './stored-record.ts'
import { createTransactions, type Name, type Reading, type Writing } from './transactions.ts'

export type IndexedDbStoreParts = OpenedDatabase & {
  readonly tables: TableSet
  readonly name: string
  readonly maxTombstones: number | undefined
}

/** The store on an open database. Every call is one transaction. */
export function createIndexedDbStore(parts: IndexedDbStoreParts): Store {
  const { tables, name: storeName, maxTombstones = defaultMaxTombstones } = parts
  const { begin, read, write, close } = createTransactions(storeName, parts.database, parts.lost)
  const writable = new Map(parts.catalog.tables.map((entry) => [entry.name, toWritableTable(entry)]))

  function tableOf(name: string): WritableTable {
    const table = writable.get(tableNamed(tables, name).name)
    if (table === undefined) throw corruptError(storeName, `its table "${name}" was not made`)
    return table
  }

  async function readState(transaction: Reading | Writing): Promise<State> {
    // Reading and writing transactions offer the same `get`, but TypeScript cannot call a union of them.
    const state = await (transaction as Reading).objectStore('state').get(onlyKey)
    if (state === undefined) throw corruptError(storeName, 'its state record is gone')
    return state
  }

  async function commit(work: Commit, term: Term | undefined): Promise<CommitSeq> {
    const { scope, writes, clear } = begin(() => ({
      scope: commitScope(tables, work, term),
      writes: encodeWrites(work.writes, tableOf),
      clear: [...new Set(work.clear)].map(tableOf),
    }))
    const touched = new Set([...writes.map(({ table }) => table), ...clear])
    const names: Name[] = ['state', 'tombstones', ...[...touched].map(recordStoreName)]
    return write(names, scope.touchesIntent, async (transaction) => {
      const state = await readState(transaction)
      if (term !== undefined && term !== state.term) throw deposedError(storeName, term, state.term)
      const seq = state.seq + 1
      await Promise.all(clear.map((table) => clearTable(transaction, table)))
      const deletions = await Promise.all(writes.map((each) => applyWrite(transaction, each, seq)))
      const pruned = deletions.includes(true) ? await pruneTombstones(transaction, maxTombstones) : 0
      const resetSeq = Math.max(state.resetSeq, pruned, scope.clearsReplica ? seq : 0)
      await transaction.objectStore('state').put({ seq, term: state.term, resetSeq }, onlyKey)
      return seq
    })
  }

  async function append(name: string, value: Row): Promise<string> {
    const { table, record } = begin(() => {
      const intent = tableOf(intentTableNamed(tables, name).name)
      const encoded = encodingRecord(name, '(to be appended)', value, (row) =>
        toStoredRecord(intent, '', 0, row),
      )
      return { table: recordStoreName(intent), record: encoded }
    })
    return write(['state', table], true, async (transaction) => {
      const state = await readState(transaction)
      const seq = state.seq + 1
      const id = appendKey(seq)
      await transaction.objectStore(table).put({ ...record, id, seq })
      await transaction.objectStore('state').put({ ...state, seq }, onlyKey)
      return id
    })
  }

  async function get(name: string, ids: readonly string[]): Promise<(Row | undefined)[]> {
    const table = begin(() => recordStoreName(tableOf(name)))
    return read([table], async (transaction) => {
      const records = transaction.objectStore(table)
      const found = await Promise.all(ids.map((id) => records.get(id)))
      return found.map((record) => record && fromClonedRow(record))
    })
  }

  async function range(name: string, asked: StoreRange): Promise<StoreRecord[]> {
    const table = begin(() => recordStoreName(tableOf(name)))
    const place = asked.index === undefined ? undefined : indexPlace(tables, name, asked.index)
    return read([table], async (transaction) => {
      const records = transaction.objectStore(table)
      const found = await readRange(place === undefined ? records : records.index(keyIndexName(place)), asked)
      return found.map(toRecord)
    })
  }

  async function* scan(name: string, sliceRows: number): AsyncGenerator<readonly StoreRecord[]> {
    const size = checkedSliceRows(sliceRows)
    let after: IDBKeyRange | null = null
    for (let more = true; more;) {
      const table = begin(() => recordStoreName(tableOf(name)))
      const from = after
      const slice = await read([table], (transaction) => transaction.objectStore(table).getAll(from, size))
      const last = slice.at(-1)
      if (last !== undefined) {
        yield slice.map(toRecord)
        after = IDBKeyRange.lowerBound(last.id, true)
      }
      more = slice.length === size
    }
  }

  async function count(name: string): Promise<number> {
    const table = begin(() => recordStoreName(tableOf(name)))
    return read([table], (transaction) => transaction.objectStore(table).count())
  }

  async function changesSince(seq: CommitSeq): Promise<StoreChanges> {
    const followed = [...tables.values()]
      .filter(({ space }) => space === 'replica')
      .map(({ name }) => tableOf(name))
    const names: Name[] = ['state', 'tombstones', ...followed.map(recordStoreName)]
    return read(names, async (transaction): Promise<StoreChanges> => {
      const state = await readState(transaction)
      if (!(seq >= state.resetSeq && seq <= state.seq)) return { kind: 'reset', seq: state.seq }
      const changed = await Promise.all(followed.map((table) => changedSince(transaction, table, seq)))
      return { kind: 'changes', seq: state.seq, writes: changed.flat() }
    })
  }

  function takeTerm(): Promise<Term> {
    return write(['state'], false, async (transaction) => {
      const state = await readState(transaction)
      const term = state.term + 1
      await transaction.objectStore('state').put({ ...state, term }, onlyKey)
      return term
    })
  }

  return {
    commit,
    append,
    get,
    range,
    scan,
    count,
    changesSince,
    takeTerm,
    async info() {
      const { seq, term } = await read(['state'], readState)
      return { seq, term }
    },
    close: async () => close(),
  }
}

/** What changed in one table; a tombstone of a record written again since says nothing. */
async function changedSince(
  transaction: Reading,
  table: CatalogEntry,
  seq: CommitSeq,
): Promise<StoreWrite[]> {
  const newer = IDBKeyRange.lowerBound(seq, true)
  const records = transaction.objectStore(recordStoreName(table))
  const changed = await records.index('seq').getAll(newer)
  const tombstones = await transaction.objectStore('tombstones').index('seq').getAll(newer)
  const gone = tombstones.filter(({ number }) => number === table.number)
  const keys = await Promise.all(gone.map(({ id }) => records.getKey(id)))
  return [
    ...gone
      .filter((_, at) => keys[at] === undefined)
      .map(({ id }) => ({ table: table.name, id, value: undefined })),
    ...changed.map((record) => ({ table: table.name, ...toRecord(record) })),
  ]
}

function toRecord(record: StoredRecord): StoreRecord {
  return { id: record.id, value: fromClonedRow(record) }
}

function indexPlace(tables: TableSet, name: string, index: string): number | undefined {
  const table = tableNamed(tables, name)
  return table.indexes?.indexOf(indexNamed(table, index))
}
