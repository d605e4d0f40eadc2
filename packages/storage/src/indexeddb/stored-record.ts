import type { CommitSeq, Row } from '@freshet/core'
import { compileIndexKey, type IndexKey } from '../order-key.ts'
import { toClonedRow } from './clone-codec.ts'
import type { CatalogEntry, StoredRecord } from './database.ts'

/** A table of the catalog, ready to take rows. */
export type WritableTable = CatalogEntry & { readonly keys: readonly IndexKey[] }

export function toWritableTable(entry: CatalogEntry): WritableTable {
  return { ...entry, keys: entry.indexes.map(compileIndexKey) }
}

/** A row as it is put into its object store, with its number and its index keys. */
export function toStoredRecord(table: WritableTable, id: string, seq: CommitSeq, row: Row): StoredRecord {
  // First, because only a row that can be kept has keys.
  const cloned = toClonedRow(row)
  const keys: { [key: `k${number}`]: string } = {}
  for (const [at, keyOf] of table.keys.entries()) keys[`k${at}`] = keyOf(row)
  return { id, seq, ...cloned, ...keys }
}
