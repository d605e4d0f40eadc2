import type { Commit, CommitSeq, Row, Store, StoreRange, Term } from '@freshet/core'
import { deposedError } from '../errors.ts'
import { checkedSliceRows, idInterval } from '../key-interval.ts'
import { appendKey, commitScope, intentTableNamed, tableNamed } from '../tables.ts'
import { fromClonedRow } from './clone-codec.ts'
import { booksName, notKept, type Keeping, type StoredRecord, type StoredTable } from './database.ts'
import type { OpenedDatabase } from './open-database.ts'
import { getRecords, readRange, toRecord } from './range-read.ts'
import { encodeWrite, lastWrites } from './record-writes.ts'
import { brought } from './requests.ts'
import { createTransactions } from './transactions.ts'

export type IndexedDbStoreParts = Keeping & {
  readonly tables: ReadonlyMap<string, StoredTable>
  readonly name: string
  readonly maxTombstones: number | undefined
}

/** The store on an open database. Every call is one transaction. */
export function createIndexedDbStore(opened: OpenedDatabase, parts: IndexedDbStoreParts): Store {
  const { tables, name: storeName, indexes, changes, packs, maxTombstones } = parts
  const transactions = createTransactions(storeName, opened)
  const { assertOpen, run, readState, change, close } = transactions

  const tableOf = (name: string): StoredTable => {
    assertOpen()
    return tableNamed(tables, name)
  }

  return {
    async commit({ writes, clear = [] }: Commit, term: Term | undefined): Promise<CommitSeq> {
      assertOpen()
      const scope = commitScope(tables, { writes, clear }, term)
      const encoded = lastWrites(writes).map((write) => encodeWrite(tableOf(write.table), write))
      const cleared = clear.map(tableOf)
      const touched = new Set([...encoded.map(({ table }) => table), ...cleared])
      const stores = [...touched].flatMap(({ scope: of }) => of)
      if (changes) stores.push(changes.tombstones.storeName)
      return change(stores, scope.touchesIntent ? 'strict' : 'relaxed', async (transaction, state) => {
        if (term !== undefined && term !== state.term) throw deposedError(storeName, term, state.term)
        const seq = state.seq + 1
        for (const table of cleared) {
          transaction.objectStore(table.storeName).clear()
          table.packs?.clear(transaction, table)
          changes?.clear(transaction, table)
        }
        for (const { table, id, record } of (await packs?.put(transaction, encoded, seq)) ?? encoded) {
          const records = transaction.objectStore(table.storeName)
          if (record) records.put({ ...record, seq })
          else if (!changes) records.delete(id)
        }
        const gone = encoded.filter(({ record }) => !record)
        const packed = await packs?.remove(transaction, gone)
        // Where deletions are not noted, a follower of a later run must read everything again.
        const unnoted = gone.length > 0 ? seq : 0
        const forgotten = await (changes?.remove(transaction, gone, packed, seq, maxTombstones) ?? unnoted)
        return [{ seq, resetSeq: Math.max(state.resetSeq, forgotten, scope.clearsReplica ? seq : 0) }, seq]
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
      const table = tableOf(name)
      return run(table.scope, async (transaction) => {
        const found = await (table.packs?.get(transaction, table, ids) ?? getRecords(transaction, table, ids))
        return found.map((record) => record && fromClonedRow(record))
      })
    },
    async range(name: string, range: StoreRange) {
      const table = tableOf(name)
      const { index } = range
      return run(table.scope, async (transaction) => {
        if (index !== undefined && !indexes) throw notKept('indexes')
        const found = await (index === undefined || !indexes
          ? readById(transaction, table, range)
          : indexes.read(transaction.objectStore(table.storeName), table, { ...range, index }))
        return found.map(toRecord)
      })
    },
    async *scan(name, sliceRows) {
      const limit = checkedSliceRows(sliceRows)
      let lower: readonly string[] = []
      for (let more = true; more;) {
        const range = { lower, lowerInclusive: false, limit }
        const table = tableOf(name)
        const slice = await run(table.scope, (transaction) => readById(transaction, table, range))
        if (slice.length > 0) yield slice.map(toRecord)
        lower = slice.slice(-1).map(({ id }) => id)
        more = slice.length === limit
      }
    },
    async count(name) {
      const table = tableOf(name)
      return run(
        table.scope,
        async (transaction) =>
          table.packs?.count(transaction, table) ?? brought(transaction.objectStore(table.storeName).count()),
      )
    },
    async changesSince(seq) {
      assertOpen()
      if (!changes) throw notKept('changes')
      return changes.since(transactions, [...tables.values()], seq, packs)
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

function readById(
  transaction: IDBTransaction,
  table: StoredTable,
  range: StoreRange,
): Promise<readonly StoredRecord[]> {
  const interval = idInterval(range)
  return (
    table.packs?.read(transaction, table, interval, range) ??
    readRange(transaction.objectStore(table.storeName), interval, range)
  )
}
