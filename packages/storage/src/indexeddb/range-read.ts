import type { StoreRange, StoreRecord } from '@freshet/core'
import { rangeLimit, type KeyInterval } from '../key-interval.ts'
import { fromClonedRow } from './clone-codec.ts'
import type { StoredRecord, StoredTable } from './database.ts'
import { brought } from './requests.ts'

/** IndexedDB counts in 32 bits. */
const maxCount = 2 ** 32 - 1

/** The records whose ids, or keys in an index, lie in an interval. */
export async function readRange(
  source: IDBObjectStore | IDBIndex,
  { from = '', before }: KeyInterval,
  range: Pick<StoreRange, 'limit' | 'reverse'>,
): Promise<readonly StoredRecord[]> {
  const limit = rangeLimit(range)
  // IndexedDB refuses bounds that leave nothing between them, and takes a limit of 0 for none.
  if (limit === 0 || (before !== undefined && before <= from)) return []
  // To it a list is behind every text.
  const keys = IDBKeyRange.bound(from, before ?? [], false, true)
  if (range.reverse !== true) return getRange(source, keys, limit)
  // Key by key from the largest, and within a key by id ascending, as the kernel's queries break ties.
  const records: StoredRecord[] = []
  const request = source.openKeyCursor(keys, 'prevunique')
  for (let cursor = await brought(request); cursor !== null; cursor = await brought(request)) {
    records.push(...(await getRange(source, IDBKeyRange.only(cursor.key), limit - records.length)))
    if (records.length >= limit) break
    cursor.continue()
  }
  return records
}

async function getRange(
  source: IDBObjectStore | IDBIndex,
  keys: IDBKeyRange,
  limit: number,
): Promise<StoredRecord[]> {
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
