import type { StoreRange } from '@freshet/core'
import type { IDBPIndex, IDBPObjectStore, StoreNames } from 'idb'
import { idBound, keyInterval, rangeLimit } from '../key-interval.ts'
import type { KeyIndexName, RecordStoreName, StoredRecord, StoreSchema } from './database.ts'

type Names = ArrayLike<StoreNames<StoreSchema>>
type Source =
  | IDBPObjectStore<StoreSchema, Names, RecordStoreName>
  | IDBPIndex<StoreSchema, Names, RecordStoreName, KeyIndexName>

/** IndexedDB counts in 32 bits. */
const maxCount = 2 ** 32 - 1

/** The records of a range; `source` is the object store, or the index the range names. */
export async function readRange(source: Source, range: StoreRange): Promise<readonly StoredRecord[]> {
  const limit = rangeLimit(range)
  const keys = range.index === undefined ? idRange(range) : keyRange(range)
  if (keys === 'empty' || limit === 0) return []
  if (range.reverse !== true) return source.getAll(keys, Math.min(limit, maxCount))
  return readReverse(source, keys, limit)
}

/** Key by key from the largest, and within a key by id ascending, as the kernel's queries break ties. */
async function readReverse(
  source: Source,
  keys: IDBKeyRange | null,
  limit: number,
): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = []
  let cursor = await source.openKeyCursor(keys, 'prevunique')
  while (cursor !== null && records.length < limit) {
    const left = Math.min(limit - records.length, maxCount)
    records.push(...(await source.getAll(IDBKeyRange.only(cursor.key), left)))
    cursor = await cursor.continue()
  }
  return records
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
