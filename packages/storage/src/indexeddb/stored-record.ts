import type { CommitSeq, Row } from '@freshet/core'
import { indexKey } from '../order-key.ts'
import { toClonedRow } from './clone-codec.ts'
import type { CatalogEntry, StoredRecord } from './database.ts'

/** A row as it is put into its object store, with its number and its index keys. */
export function toStoredRecord(entry: CatalogEntry, id: string, seq: CommitSeq, row: Row): StoredRecord {
  const keys: { [key: `k${number}`]: Uint8Array<ArrayBuffer> } = {}
  for (const [at, fields] of entry.indexes.entries()) keys[`k${at}`] = indexKey(fields, row)
  return { id, seq, ...toClonedRow(row), ...keys }
}
