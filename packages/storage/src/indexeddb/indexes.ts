import type { StoreRange, StoreTable } from '@freshet/core'
import { idInterval, indexInterval } from '../key-interval.ts'
import { compileIndexKey } from '../order-key.ts'
import { checkIndexes, indexNamed } from '../tables.ts'
import { toStoredRecord, type ObjectStoreSpec, type StoredRecord, type StoredTable } from './database.ts'
import { fromClonedRow } from './clone-codec.ts'
import { readRange } from './range-read.ts'
import { brought } from './requests.ts'

/** Keeps the indexes that tables declare, and answers ranges that ask for more than the first records. */
export interface IndexKeeping {
  /** @throws {FreshetError} `storage/tables` (usage). */
  pathsOf(table: StoreTable): ObjectStoreSpec['indexPaths']
  keysOf(table: StoreTable): StoredTable['keysOf']
  /** Gives the records of a table the keys of the indexes it declares now. */
  rekey(records: IDBObjectStore, table: StoredTable): Promise<void>
  /** @throws {FreshetError} `storage/unknown-index`, `storage/range`, `storage/value` (usage). */
  read(transaction: IDBTransaction, table: StoredTable, range: StoreRange): Promise<readonly StoredRecord[]>
}

/** For a store whose tables declare indexes, or that is asked for ranges by id: what answers them [T7]. */
export const indexes: IndexKeeping = {
  pathsOf(table) {
    checkIndexes(table)
    return new Map(table.indexes?.map(({ fields }, at) => [indexName(fields, at), keyName(at)]))
  },
  keysOf({ indexes: declared = [] }) {
    const keys = declared.map(({ fields }) => compileIndexKey(fields))
    return (row) => Object.fromEntries(keys.map((keyOf, at) => [keyName(at), keyOf(row)]))
  },
  async rekey(records, table) {
    let after: IDBKeyRange | null = null
    for (;;) {
      // Written by this store alone.
      const slice = (await brought(records.getAll(after, 1_000))) as StoredRecord[]
      for (const record of slice) {
        records.put(toStoredRecord(table, record.id, record.seq, fromClonedRow(record)))
        after = IDBKeyRange.lowerBound(record.id, true)
      }
      if (slice.length === 0) return
    }
  },
  async read(transaction, table, range) {
    const records = transaction.objectStore(table.storeName)
    if (range.index === undefined) {
      const interval = idInterval(range)
      const packed = table.packs?.read(transaction, table, interval, range)
      return packed ?? readRange(records, interval, range)
    }
    const index = indexNamed(table, range.index)
    const name = indexName(index.fields, table.indexes?.indexOf(index) ?? -1)
    return readRange(records.index(name), indexInterval(range), range)
  },
}

function indexName(fields: readonly string[], place: number): string {
  return `${keyName(place)}${JSON.stringify(fields)}`
}

function keyName(place: number): `k${number}` {
  return `k${place}`
}
