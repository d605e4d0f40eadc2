import type { Commit, CommitSeq, Store, StoreChanges, StoreRecord, StoreWrite, Term } from '@freshet/core'
import type { IDBPTransaction, StoreNames } from 'idb'
import { closedError, corruptError, deposedError } from '../errors.ts'
import { checkedSliceRows } from '../key-interval.ts'
import { encodingRecord } from '../storable.ts'
import { defaultMaxTombstones } from '../store-options.ts'
import { appendKey, commitScope, indexNamed, intentTableNamed, tableNamed, type TableSet } from '../tables.ts'
import { fromClonedRow } from './clone-codec.ts'
import {
  keyIndexName,
  onlyKey,
  recordStoreName,
  type Catalog,
  type CatalogEntry,
  type Database,
  type State,
  type StoredRecord,
  type StoreSchema,
} from './database.ts'
import { abortQuietly, indexedDbError, unavailableError } from './indexeddb-errors.ts'
import { readRange } from './range-read.ts'
import { toStoredRecord, toWritableTable, type WritableTable } from './stored-record.ts'

export type IndexedDbStoreParts = {
  readonly database: Database
  readonly catalog: Catalog
  readonly tables: TableSet
  readonly name: string
  readonly maxTombstones: number | undefined
  lost(): string | undefined
}

type Name = StoreNames<StoreSchema>
type Writing = IDBPTransaction<StoreSchema, Name[], 'readwrite'>
type Reading = IDBPTransaction<StoreSchema, Name[]>

/** A write whose row was checked and turned into its stored form, but for its number. */
type EncodedWrite = {
  readonly entry: CatalogEntry
  readonly id: string
  readonly record: StoredRecord | undefined
}

/** The store on an open database. Every call is one transaction. */
export function createIndexedDbStore(parts: IndexedDbStoreParts): Store {
  const { database, tables, name: storeName } = parts
  const entries = new Map(parts.catalog.tables.map((entry) => [entry.name, toWritableTable(entry)]))
  const maxTombstones = parts.maxTombstones ?? defaultMaxTombstones
  let closed = false

  const entryOf = (name: string): WritableTable => {
    const entry = entries.get(tableNamed(tables, name).name)
    if (entry === undefined) throw corruptError(storeName, `its table "${name}" was not made`)
    return entry
  }

  const begin = <T>(start: () => T): T => {
    if (closed) throw closedError(storeName)
    const lost = parts.lost()
    if (lost !== undefined) throw unavailableError(storeName, lost)
    try {
      return start()
    } catch (error) {
      throw indexedDbError(storeName, error)
    }
  }

  const read = async <T>(names: Name[], work: (transaction: Reading) => Promise<T>): Promise<T> => {
    const transaction = begin(() => database.transaction(names, 'readonly'))
    try {
      const [result] = await Promise.all([work(transaction), transaction.done])
      return result
    } catch (error) {
      throw indexedDbError(storeName, error)
    }
  }

  /** Resolves once the transaction has completed, and with `strict` is on the disk [T7]. */
  const write = async <T>(
    names: Name[],
    strict: boolean,
    work: (transaction: Writing) => Promise<T>,
  ): Promise<T> => {
    const durability = strict ? 'strict' : 'relaxed'
    const transaction = begin(() => database.transaction(names, 'readwrite', { durability }))
    // Heard of at the end; until then a rejection is not one nobody handles.
    const done = transaction.done.then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    let result: T
    try {
      result = await work(transaction)
    } catch (error) {
      abortQuietly(transaction)
      const aborted = await done
      // When the engine ended the transaction, its reason says more than the request that noticed.
      throw indexedDbError(storeName, aborted === undefined || isAbort(aborted.error) ? error : aborted.error)
    }
    const failed = await done
    if (failed !== undefined)
      throw indexedDbError(storeName, failed.error ?? new DOMException('aborted', 'AbortError'))
    return result
  }

  const encode = (writes: readonly StoreWrite[]): EncodedWrite[] => {
    // The last write of a record counts, so requests need no order among them.
    const last = new Map(writes.map((each) => [`${each.table.length}:${each.table}${each.id}`, each]))
    return Array.from(last.values(), ({ table, id, value }) => {
      const entry = entryOf(table)
      const record = value && encodingRecord(table, id, value, (row) => toStoredRecord(entry, id, 0, row))
      return { entry, id, record }
    })
  }

  async function* scan(name: string, sliceRows: number): AsyncGenerator<readonly StoreRecord[]> {
    const size = checkedSliceRows(sliceRows)
    let after: IDBKeyRange | null = null
    for (let more = true; more;) {
      const from = after
      const store = begin(() => recordStoreName(entryOf(name)))
      const slice = await read([store], (transaction) => transaction.objectStore(store).getAll(from, size))
      const last = slice.at(-1)
      if (last !== undefined) yield slice.map(toRecord)
      if (last !== undefined) after = IDBKeyRange.lowerBound(last.id, true)
      more = slice.length === size
    }
  }

  return {
    async commit(commit: Commit, term: Term | undefined) {
      const { scope, writes, clear } = begin(() => ({
        scope: commitScope(tables, commit, term),
        writes: encode(commit.writes),
        clear: [...new Set(commit.clear)].map(entryOf),
      }))
      const touched = new Set([...writes.map(({ entry }) => entry), ...clear])
      const names: Name[] = ['state', 'tombstones', ...[...touched].map(recordStoreName)]
      return write(names, scope.touchesIntent, async (transaction) => {
        const state = await readState(storeName, transaction)
        if (term !== undefined && term !== state.term) throw deposedError(storeName, term, state.term)
        const seq = state.seq + 1
        await Promise.all(clear.map((entry) => clearTable(transaction, entry)))
        const deletions = await Promise.all(writes.map((each) => applyWrite(transaction, each, seq)))
        const pruned = deletions.includes(true) ? await prune(transaction, maxTombstones) : 0
        const resetSeq = Math.max(state.resetSeq, pruned, scope.clearsReplica ? seq : 0)
        await transaction.objectStore('state').put({ seq, term: state.term, resetSeq }, onlyKey)
        return seq
      })
    },

    async append(name, value) {
      const entry = begin(() => entryOf(intentTableNamed(tables, name).name))
      const record = encodingRecord(name, '(to be appended)', value, (row) =>
        toStoredRecord(entry, '', 0, row),
      )
      return write(['state', recordStoreName(entry)], true, async (transaction) => {
        const state = await readState(storeName, transaction)
        const seq = state.seq + 1
        const id = appendKey(seq)
        await transaction.objectStore(recordStoreName(entry)).put({ ...record, id, seq })
        await transaction.objectStore('state').put({ ...state, seq }, onlyKey)
        return id
      })
    },

    async get(name, ids) {
      const store = begin(() => recordStoreName(entryOf(name)))
      const records = await read([store], (transaction) => {
        const records = transaction.objectStore(store)
        return Promise.all(ids.map((id) => records.get(id)))
      })
      return records.map((record) => record && fromClonedRow(record))
    },

    async range(name, range) {
      const entry = begin(() => entryOf(name))
      const at = range.index === undefined ? -1 : indexPlace(tables, name, range.index)
      const store = recordStoreName(entry)
      const records = await read([store], (transaction) => {
        const records = transaction.objectStore(store)
        return readRange(at < 0 ? records : records.index(keyIndexName(at)), range)
      })
      return records.map(toRecord)
    },

    scan,

    async count(name) {
      const store = begin(() => recordStoreName(entryOf(name)))
      return read([store], (transaction) => transaction.objectStore(store).count())
    },

    async changesSince(seq): Promise<StoreChanges> {
      const followed = [...tables.values()]
        .filter((table) => table.space === 'replica')
        .map(({ name }) => entryOf(name))
      const names: Name[] = ['state', 'tombstones', ...followed.map(recordStoreName)]
      return read(names, async (transaction): Promise<StoreChanges> => {
        const state = await readState(storeName, transaction)
        if (!(seq >= state.resetSeq && seq <= state.seq)) return { kind: 'reset', seq: state.seq }
        const changed = await Promise.all(followed.map((entry) => changedIn(transaction, entry, seq)))
        return { kind: 'changes', seq: state.seq, writes: changed.flat() }
      })
    },

    async takeTerm() {
      return write(['state'], false, async (transaction) => {
        const state = await readState(storeName, transaction)
        const term = state.term + 1
        await transaction.objectStore('state').put({ ...state, term }, onlyKey)
        return term
      })
    },

    async info() {
      const { seq, term } = await read(['state'], (transaction) => readState(storeName, transaction))
      return { seq, term }
    },

    async close() {
      // Transactions begun before go on to their end.
      closed = true
      database.close()
    },
  }
}

function toRecord(record: StoredRecord): StoreRecord {
  return { id: record.id, value: fromClonedRow(record) }
}

function indexPlace(tables: TableSet, name: string, index: string): number {
  const table = tableNamed(tables, name)
  return table.indexes?.indexOf(indexNamed(table, index)) ?? -1
}

async function readState(name: string, transaction: Reading | Writing): Promise<State> {
  // Reading and writing transactions offer the same `get`, but TypeScript cannot call a union of them.
  const state = await (transaction as Reading).objectStore('state').get(onlyKey)
  if (state === undefined) throw corruptError(name, 'its state record is gone')
  return state
}

async function clearTable(transaction: Writing, entry: CatalogEntry): Promise<void> {
  await transaction.objectStore(recordStoreName(entry)).clear()
  const ofTable = IDBKeyRange.bound([entry.number], [entry.number + 1], false, true)
  await transaction.objectStore('tombstones').delete(ofTable)
}

/** @returns whether a deletion was noted for followers. */
async function applyWrite(
  transaction: Writing,
  { entry, id, record }: EncodedWrite,
  seq: CommitSeq,
): Promise<boolean> {
  const records = transaction.objectStore(recordStoreName(entry))
  if (record !== undefined) {
    await records.put({ ...record, seq })
    return false
  }
  if ((await records.getKey(id)) === undefined) return false
  await records.delete(id)
  if (entry.space === 'intent') return false
  await transaction.objectStore('tombstones').put({ number: entry.number, id, seq })
  return true
}

/** What changed in one table; a tombstone of a record written again since says nothing. */
async function changedIn(transaction: Reading, entry: CatalogEntry, seq: CommitSeq): Promise<StoreWrite[]> {
  const newer = IDBKeyRange.lowerBound(seq, true)
  const records = transaction.objectStore(recordStoreName(entry))
  const changed = await records.index('seq').getAll(newer)
  const tombstones = await transaction.objectStore('tombstones').index('seq').getAll(newer)
  const gone = tombstones.filter(({ number }) => number === entry.number)
  const keys = await Promise.all(gone.map(({ id }) => records.getKey(id)))
  return [
    ...gone
      .filter((_, at) => keys[at] === undefined)
      .map(({ id }) => ({ table: entry.name, id, value: undefined })),
    ...changed.map((record) => ({ table: entry.name, ...toRecord(record) })),
  ]
}

/** Forgets the oldest deletions beyond the bound. @returns the number up to which they are gone. */
async function prune(transaction: Writing, maxTombstones: number): Promise<CommitSeq> {
  const tombstones = transaction.objectStore('tombstones')
  let surplus = (await tombstones.count()) - maxTombstones
  let pruned = 0
  let cursor = surplus > 0 ? await tombstones.index('seq').openCursor() : null
  for (; cursor !== null && surplus > 0; surplus--) {
    pruned = Math.max(pruned, cursor.value.seq)
    await cursor.delete()
    cursor = await cursor.continue()
  }
  return pruned
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
