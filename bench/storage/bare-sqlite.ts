import type { Row } from '@freshet/core'
import { decode } from 'cbor-x'
import { DatabaseSync } from 'node:sqlite'

/** A record as the store writes it: the limit gets the very same bytes. */
export type BareRecord = { readonly id: string; readonly value: Uint8Array; readonly key: string }

/** Reads back what the store wrote, so that both sides insert the same bytes. */
export function readBareRecords(path: string): readonly BareRecord[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const records = database.prepare('SELECT id, value, k0 AS key FROM t1 ORDER BY rowid').all()
  database.close()
  // The columns of the store's own table.
  return records as unknown as readonly BareRecord[]
}

/** What a careful programmer writes: prepared statements, one transaction per batch, the same indexes. */
export function insertBare(path: string, records: readonly BareRecord[], batchRows: number): void {
  const database = new DatabaseSync(path)
  // The store's own settings, so that only its own work is measured.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  database.exec('PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000')
  database.exec(`
    CREATE TABLE items (id TEXT NOT NULL, seq INTEGER NOT NULL, value BLOB NOT NULL, k0 TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX items_id ON items (id);
    CREATE INDEX items_k0 ON items (k0, id);
    CREATE TABLE checkpoint (id TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  `)
  const insert = database.prepare('INSERT INTO items (id, seq, value, k0) VALUES (?, ?, ?, ?)')
  const move = database.prepare('REPLACE INTO checkpoint (id, value) VALUES (?, ?)')
  const position = new Uint8Array(16)
  for (let at = 0, seq = 1; at < records.length; at += batchRows, seq++) {
    database.exec('BEGIN IMMEDIATE')
    for (const { id, value, key } of records.slice(at, at + batchRows)) insert.run(id, seq, value, key)
    move.run('at', position)
    database.exec('COMMIT')
  }
  database.close()
}

/** The first window read lazily from the store's own file. */
export function firstWindowBare(path: string, limit: number): Row[] {
  const database = new DatabaseSync(path)
  const records = database.prepare('SELECT id, value FROM t1 ORDER BY k0 DESC LIMIT ?').all(limit)
  const rows = records.map(({ value }) => decodeValue(value))
  database.close()
  return rows
}

/** All rows of the store's own file by id, in the order that is cheapest to read. */
export function hydrateBare(path: string): Map<string, Row> {
  const database = new DatabaseSync(path)
  const rows = new Map<string, Row>()
  const records = database.prepare('SELECT id, value FROM t1')
  // Lists, because they are the cheapest that node:sqlite gives; its types do not know of them.
  records.setReturnArrays(true)
  const lists = records.iterate() as Iterable<unknown> as Iterable<readonly unknown[]>
  for (const [id, value] of lists) {
    rows.set(String(id), decodeValue(value))
  }
  database.close()
  return rows
}

function decodeValue(value: unknown): Row {
  // Written by the store as the CBOR of a row.
  return decode(value as Uint8Array) as Row
}
