import type { StoredRecord } from './database.ts'

/** The newest version of each record. */
export function newestById(records: Iterable<StoredRecord>): Map<string, StoredRecord> {
  const newest = new Map<string, StoredRecord>()
  for (const record of records) {
    const other = newest.get(record.id)
    if (!other || other.seq < record.seq) newest.set(record.id, record)
  }
  return newest
}
