import type { StoreRecord } from '@freshet/core'
import { fromClonedRow } from './clone-codec.ts'
import type { StoredRecord, StoredTable } from './database.ts'
import { brought } from './requests.ts'

/** IndexedDB counts in 32 bits. */
const maxCount = 2 ** 32 - 1

/** The first records of an object store or index with certain keys. */
export async function readFirst(
  source: IDBObjectStore | IDBIndex,
  keys: IDBKeyRange,
  limit: number,
): Promise<readonly StoredRecord[]> {
  // IndexedDB takes a limit of 0 for none.
  if (limit === 0) return []
  // Written by this store alone.
  return (await brought(source.getAll(keys, Math.min(limit, maxCount)))) as StoredRecord[]
}

/** The records of some ids that lie by themselves. */
export async function getRecords(
  transaction: IDBTransaction,
  { storeName }: StoredTable,
  ids: readonly string[],
): Promise<readonly (StoredRecord | undefined)[]> {
  const records = transaction.objectStore(storeName)
  const found = await Promise.all(ids.map((id) => brought(records.get(id))))
  // Written by this store alone.
  return found as (StoredRecord | undefined)[]
}

export function toRecord(record: StoredRecord): StoreRecord {
  return { id: record.id, value: fromClonedRow(record) }
}
