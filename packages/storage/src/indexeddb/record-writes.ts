import type { CommitSeq, StoreWrite } from '@freshet/core'
import { encodingRecord } from '../storable.ts'
import { recordStoreName, type CatalogEntry, type StoredRecord } from './database.ts'
import { toStoredRecord, type WritableTable } from './stored-record.ts'
import type { Writing } from './transactions.ts'

/** A write whose row was checked and turned into its stored form, but for its number. */
export type EncodedWrite = {
  readonly table: WritableTable
  readonly id: string
  readonly record: StoredRecord | undefined
}

/** The last write of each record, encoded: only that one counts, so requests need no order among them. */
export function encodeWrites(
  writes: readonly StoreWrite[],
  tableOf: (name: string) => WritableTable,
): EncodedWrite[] {
  const last = new Map(writes.map((each) => [`${each.table.length}:${each.table}${each.id}`, each]))
  return Array.from(last.values(), ({ table: name, id, value }) => {
    const table = tableOf(name)
    const record =
      value === undefined
        ? undefined
        : encodingRecord(name, id, value, (row) => toStoredRecord(table, id, 0, row))
    return { table, id, record }
  })
}

/** @returns whether a deletion was noted for followers. */
export async function applyWrite(
  transaction: Writing,
  { table, id, record }: EncodedWrite,
  seq: CommitSeq,
): Promise<boolean> {
  const records = transaction.objectStore(recordStoreName(table))
  if (record !== undefined) {
    await records.put({ ...record, seq })
    return false
  }
  if ((await records.getKey(id)) === undefined) return false
  await records.delete(id)
  if (table.space === 'intent') return false
  await transaction.objectStore('tombstones').put({ number: table.number, id, seq })
  return true
}

export async function clearTable(transaction: Writing, entry: CatalogEntry): Promise<void> {
  await transaction.objectStore(recordStoreName(entry)).clear()
  const ofTable = IDBKeyRange.bound([entry.number], [entry.number + 1], false, true)
  await transaction.objectStore('tombstones').delete(ofTable)
}

/** Forgets the oldest deletions beyond the bound. @returns the number up to which they are gone. */
export async function pruneTombstones(transaction: Writing, maxTombstones: number): Promise<CommitSeq> {
  const tombstones = transaction.objectStore('tombstones')
  let surplus = (await tombstones.count()) - maxTombstones
  let pruned = 0
  let cursor = surplus > 0 ? await tombstones.index('seq').openCursor() : null
  for (; cursor !== null && surplus > 0; surplus--) {
    pruned = Math.max(pruned, cursor.value.seq)
    await cursor.delete()
    cursor = await cursor.continue()
  }
  return pruned
}
