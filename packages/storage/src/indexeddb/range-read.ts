import type { StoreRange } from '@freshet/core'
import { rangeLimit, type KeyInterval } from '../key-interval.ts'
import type { StoredRecord } from './database.ts'
import { readFirst } from './record-reads.ts'
import { brought } from './requests.ts'

/** The records whose ids, or keys in an index, lie in an interval. */
export async function readRange(
  source: IDBObjectStore | IDBIndex,
  { from = '', before }: KeyInterval,
  range: Pick<StoreRange, 'limit' | 'reverse'>,
): Promise<readonly StoredRecord[]> {
  const limit = rangeLimit(range)
  // IndexedDB refuses bounds that leave nothing between them.
  if (before !== undefined && before <= from) return []
  // To it a list is behind every text.
  const keys = IDBKeyRange.bound(from, before ?? [], false, true)
  if (range.reverse !== true) return readFirst(source, keys, limit)
  // Key by key from the largest, and within a key by id ascending, as the kernel's queries break ties.
  const records: StoredRecord[] = []
  const request = source.openKeyCursor(keys, 'prevunique')
  for (let cursor = await brought(request); cursor !== null; cursor = await brought(request)) {
    records.push(...(await readFirst(source, IDBKeyRange.only(cursor.key), limit - records.length)))
    if (records.length >= limit) break
    cursor.continue()
  }
  return records
}
