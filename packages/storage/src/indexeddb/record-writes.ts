import type { CommitSeq, StoreWrite } from '@freshet/core'
import { encodingRecord } from '../storable.ts'
import {
  followed,
  seqIndex,
  toStoredRecord,
  tombstonesName,
  type StoredRecord,
  type StoredTable,
  type Tombstone,
} from './database.ts'
import { brought } from './requests.ts'

/** A write whose row was checked and turned into its stored form, but for its number. */
export type EncodedWrite = {
  readonly table: StoredTable
  readonly id: string
  readonly record: StoredRecord | undefined
}

export function encodeWrite(table: StoredTable, { id, value }: Omit<StoreWrite, 'table'>): EncodedWrite {
  const record =
    value === undefined
      ? undefined
      : encodingRecord(table.name, id, value, (row) => toStoredRecord(table, id, 0, row))
  return { table, id, record }
}

/** The last write of each record: only that one counts, so requests need no order among them. */
export function lastWrites(writes: readonly StoreWrite[]): readonly StoreWrite[] {
  return [...new Map(writes.map((each) => [`${each.table.length}:${each.table}${each.id}`, each])).values()]
}

/**
 * Makes the requests of a write; one that fails aborts the transaction.
 *
 * @returns whether a deletion was noted for followers.
 */
export async function applyWrite(
  transaction: IDBTransaction,
  { table, id, record }: EncodedWrite,
  seq: CommitSeq,
): Promise<boolean> {
  const records = transaction.objectStore(table.storeName)
  if (record) {
    records.put({ ...record, seq })
    return false
  }
  if ((await brought(records.getKey(id))) === undefined) return false
  records.delete(id)
  if (table.space !== followed) return false
  const tombstone: Tombstone = { table: table.name, id, seq }
  transaction.objectStore(tombstonesName).put(tombstone)
  return true
}

export function clearTable(transaction: IDBTransaction, { name, storeName }: StoredTable): void {
  transaction.objectStore(storeName).clear()
  transaction.objectStore(tombstonesName).delete(IDBKeyRange.bound([name], [name, []]))
}

/** Forgets the oldest deletions beyond the bound. @returns the number up to which they are gone. */
export async function pruneTombstones(
  transaction: IDBTransaction,
  maxTombstones: number,
): Promise<CommitSeq> {
  const tombstones = transaction.objectStore(tombstonesName)
  const surplus = (await brought(tombstones.count())) - maxTombstones
  if (surplus <= 0) return 0
  // Written by `applyWrite` alone.
  const oldest = (await brought(tombstones.index(seqIndex).getAll(null, surplus))) as Tombstone[]
  for (const { table, id } of oldest) tombstones.delete([table, id])
  return oldest.at(-1)?.seq ?? 0
}
