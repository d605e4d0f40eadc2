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
import { defaultMaxTombstones } from '../store-options.ts'
import { appendKey, commitScope, indexNamed, intentTableNamed, tableNamed } from '../tables.ts'
import { fromClonedRow } from './clone-codec.ts'
import {
  booksName,
  followed,
  seqIndex,
  stateKey,
  tombstonesName,
  type State,
  type StoredRecord,
  type StoredTable,
  type Tombstone,
} from './database.ts'
import type { OpenedDatabase } from './open-database.ts'
import { readRange } from './range-read.ts'
import { applyWrite, clearTable, encodeWrite, lastWrites, pruneTombstones } from './record-writes.ts'
import { brought } from './requests.ts'
import { createTransactions } from './transactions.ts'

export type IndexedDbStoreParts = {
  readonly tables: ReadonlyMap<string, StoredTable>
  readonly name: string
  readonly maxTombstones: number | undefined
}

/** The store on an open database. Every call is one transaction. */
export function createIndexedDbStore(
  opened: OpenedDatabase,
  { tables, name: storeName, maxTombstones = defaultMaxTombstones }: IndexedDbStoreParts,
): Store {
  const { assertOpen, run, close } = createTransactions(storeName, opened)

  const tableOf = (name: string): StoredTable => {
    assertOpen()
    return tableNamed(tables, name)
  }
  const readState = async (transaction: IDBTransaction): Promise<State> => {
    // Written by `change` below, and by the upgrade that made it.
    const state = (await brought(transaction.objectStore(booksName).get(stateKey))) as State | undefined
    if (state === undefined) throw corruptError(storeName, 'its state record is gone')
    return state
  }
  /** One transaction that writes and moves the state on. */
  const change = <T>(
    stores: readonly string[],
    durability: 'strict' | 'relaxed',
    work: (transaction: IDBTransaction, state: State) => Promise<readonly [Partial<State>, T]>,
  ): Promise<T> =>
    run(
      [booksName, ...stores],
      async (transaction) => {
        const state = await readState(transaction)
        const [moved, result] = await work(transaction, state)
        transaction.objectStore(booksName).put({ ...state, ...moved }, stateKey)
        return result
      },
      durability,
    )

  return {
    async commit({ writes, clear = [] }: Commit, term: Term | undefined): Promise<CommitSeq> {
      assertOpen()
      const scope = commitScope(tables, { writes, clear }, term)
      const encoded = lastWrites(writes).map((write) => encodeWrite(tableOf(write.table), write))
      const cleared = clear.map(tableOf)
      const touched = new Set([...encoded.map(({ table }) => table), ...cleared])
      const stores = [tombstonesName, ...[...touched].map((table) => table.storeName)]
      return change(stores, scope.touchesIntent ? 'strict' : 'relaxed', async (transaction, state) => {
        if (term !== undefined && term !== state.term) throw deposedError(storeName, term, state.term)
        const seq = state.seq + 1
        for (const table of cleared) clearTable(transaction, table)
        const deleted = await Promise.all(encoded.map((write) => applyWrite(transaction, write, seq)))
        const pruned = deleted.includes(true) ? await pruneTombstones(transaction, maxTombstones) : 0
        return [{ seq, resetSeq: Math.max(state.resetSeq, pruned, scope.clearsReplica ? seq : 0) }, seq]
      })
    },
    async append(name: string, value: Row): Promise<string> {
      assertOpen()
      const table = intentTableNamed(tables, name)
      const { record } = encodeWrite(table, { id: '(to be appended)', value })
      return change([table.storeName], 'strict', async (transaction, state) => {
        const seq = state.seq + 1
        const id = appendKey(seq)
        transaction.objectStore(table.storeName).put({ ...record, id, seq })
        return [{ seq }, id]
      })
    },
    async get(name, ids) {
      const table = tableOf(name).storeName
      return run([table], async (transaction) => {
        const records = transaction.objectStore(table)
        // Written by this store alone.
        const found = (await Promise.all(ids.map((id) => brought(records.get(id))))) as (
          | StoredRecord
          | undefined
        )[]
        return found.map((record) => record && fromClonedRow(record))
      })
    },
    async range(name: string, asked: StoreRange) {
      const table = tableOf(name)
      const place =
        asked.index === undefined ? -1 : (table.indexes?.indexOf(indexNamed(table, asked.index)) ?? -1)
      const index = table.indexNames[place]
      return run([table.storeName], async (transaction) => {
        const records = transaction.objectStore(table.storeName)
        const found = await readRange(index === undefined ? records : records.index(index), asked)
        return found.map(toRecord)
      })
    },
    async *scan(name, sliceRows) {
      const size = checkedSliceRows(sliceRows)
      const range = { limit: size, lowerInclusive: false }
      let after: readonly string[] = []
      for (let more = true; more;) {
        const table = tableOf(name).storeName
        const lower = after
        const slice = await run([table], (transaction) =>
          readRange(transaction.objectStore(table), { ...range, lower }),
        )
        if (slice.length > 0) yield slice.map(toRecord)
        after = slice.slice(-1).map(({ id }) => id)
        more = slice.length === size
      }
    },
    async count(name) {
      const table = tableOf(name).storeName
      return run([table], (transaction) => brought(transaction.objectStore(table).count()))
    },
    async changesSince(seq): Promise<StoreChanges> {
      const asked = [...tables.values()].filter(({ space }) => space === followed)
      const stores = [booksName, tombstonesName, ...asked.map((table) => table.storeName)]
      return run(stores, async (transaction): Promise<StoreChanges> => {
        const state = await readState(transaction)
        if (!(seq >= state.resetSeq && seq <= state.seq)) return { kind: 'reset', seq: state.seq }
        const changed = await Promise.all(asked.map((table) => changedSince(transaction, table, seq)))
        return { kind: 'changes', seq: state.seq, writes: changed.flat() }
      })
    },
    async takeTerm() {
      return change([], 'relaxed', async (_, { term }) => [{ term: term + 1 }, term + 1])
    },
    async info() {
      const { seq, term } = await run([booksName], readState)
      return { seq, term }
    },
    async close() {
      close()
    },
  }
}

/** What changed in one table; a tombstone of a record written again since says nothing. */
async function changedSince(
  transaction: IDBTransaction,
  { name, storeName }: StoredTable,
  seq: CommitSeq,
): Promise<StoreWrite[]> {
  const records = transaction.objectStore(storeName)
  const newer = async (store: IDBObjectStore): Promise<unknown[]> =>
    brought(store.index(seqIndex).getAll(IDBKeyRange.lowerBound(seq, true)))
  // Both written by this store alone.
  const changed = (await newer(records)) as StoredRecord[]
  const tombstones = (await newer(transaction.objectStore(tombstonesName))) as Tombstone[]
  const gone = tombstones.filter(({ table }) => table === name)
  const keys = await Promise.all(gone.map(({ id }) => brought(records.getKey(id))))
  return [
    ...gone
      .filter((_, at) => keys[at] === undefined)
      .map(({ id }) => ({ table: name, id, value: undefined })),
    ...changed.map((record) => ({ table: name, ...toRecord(record) })),
  ]
}

function toRecord(record: StoredRecord): StoreRecord {
  return { id: record.id, value: fromClonedRow(record) }
}
