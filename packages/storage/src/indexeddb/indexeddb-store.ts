import type { Commit, CommitSeq, Row, Store, StoreRange, Term } from '@freshet/core'
import { deposedError } from '../errors.ts'
import { checkedSliceRows, rangeLimit } from '../key-interval.ts'
import { appendKey, commitScope, intentTableNamed, tableNamed } from '../tables.ts'
import { fromClonedRow } from './clone-codec.ts'
import { booksName, notKept, type Keeping, type StoredRecord, type StoredTable } from './database.ts'
import type { OpenedDatabase } from './open-database.ts'
import { getRecords, readFirst, toRecord } from './record-reads.ts'
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
      if (!indexes && (range.index ?? range.lower ?? range.upper ?? range.reverse)) throw notKept('indexes')
      const limit = rangeLimit(range)
      return run(table.scope, async (transaction) => {
        const found = await (indexes?.read(transaction, table, range) ??
          readFrom(transaction, table, '', limit))
        return found.map(toRecord)
      })
    },
    async *scan(name, sliceRows) {
      const limit = checkedSliceRows(sliceRows)
      let last: string | undefined
      do {
        const table = tableOf(name)
        // Between an id and the same with NUL behind it there is no other.
        const from = last === undefined ? '' : `${last}\0`
        const slice = await run(table.scope, (transaction) => readFrom(transaction, table, from, limit))
        if (slice.length > 0) yield slice.map(toRecord)
        last = slice[limit - 1]?.id
      } while (last !== undefined)
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
      return changes.since(transactions, [...tables.values()], seq)
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

function readFrom(
  transaction: IDBTransaction,
  table: StoredTable,
  from: string,
  limit: number,
): Promise<readonly StoredRecord[]> {
  return (
    table.packs?.read(transaction, table, { from, before: undefined }, { limit }) ??
    readFirst(transaction.objectStore(table.storeName), IDBKeyRange.lowerBound(from), limit)
  )
}
