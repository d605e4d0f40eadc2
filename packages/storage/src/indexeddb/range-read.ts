import type { StoreRange } from '@freshet/core'
import { idBound, keyInterval, rangeLimit } from '../key-interval.ts'
import type { StoredRecord } from './database.ts'
import { brought } from './requests.ts'

/** IndexedDB counts in 32 bits. */
const maxCount = 2 ** 32 - 1

/** The records of a range; `source` is the object store, or the index the range names. */
export async function readRange(
  source: IDBObjectStore | IDBIndex,
  range: StoreRange,
): Promise<readonly StoredRecord[]> {
  const limit = rangeLimit(range)
  const keys = range.index === undefined ? idRange(range) : keyRange(range)
  if (keys === 'empty' || limit === 0) return []
  if (range.reverse !== true) return getRecords(source, keys, limit)
  // Key by key from the largest, and within a key by id ascending, as the kernel's queries break ties.
  const records: StoredRecord[] = []
  const request = source.openKeyCursor(keys, 'prevunique')
  for (let cursor = await brought(request); cursor !== null; cursor = await brought(request)) {
    records.push(...(await getRecords(source, IDBKeyRange.only(cursor.key), limit - records.length)))
    if (records.length >= limit) break
    cursor.continue()
  }
  return records
}

async function getRecords(
  source: IDBObjectStore | IDBIndex,
  keys: IDBKeyRange | null,
  limit: number,
): Promise<StoredRecord[]> {
  // Written by this store alone.
  return (await brought(source.getAll(keys, Math.min(limit, maxCount)))) as StoredRecord[]
}

type Keys = IDBKeyRange | null | 'empty'

function idRange(range: StoreRange): Keys {
  const [lower, upper] = [idBound(range.lower), idBound(range.upper)]
  return between(lower, range.lowerInclusive === false, upper, range.upperInclusive === false)
}

function keyRange(range: StoreRange): Keys {
  const { from, before } = keyInterval(range)
  return between(from, false, before, true)
}

/** IndexedDB refuses bounds that leave nothing between them. */
function between(
  lower: string | undefined,
  lowerOpen: boolean,
  upper: string | undefined,
  upperOpen: boolean,
): Keys {
  if (lower === undefined) return upper === undefined ? null : IDBKeyRange.upperBound(upper, upperOpen)
  if (upper === undefined) return IDBKeyRange.lowerBound(lower, lowerOpen)
  if (lower > upper || (lower === upper && (lowerOpen || upperOpen))) return 'empty'
  return IDBKeyRange.bound(lower, upper, lowerOpen, upperOpen)
}
