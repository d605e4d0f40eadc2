import type { StoreWrite } from '@freshet/core'
import { encodingRecord } from '../storable.ts'
import type { RecordKey } from './changes.ts'
import { toStoredRecord, type StoredRecord, type StoredTable } from './database.ts'

/** A write whose row was checked and turned into its stored form, but for its number. */
export type EncodedWrite = RecordKey & { readonly record: StoredRecord | undefined }

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
