import type { StoreIndex, StoreTable } from '@freshet/core'
import type { DatabaseSync } from 'node:sqlite'
import { compileIndexKey, type IndexKey } from '../order-key.ts'
import type { TableSet } from '../tables.ts'
import { decodeRow } from './row-codec.ts'
import { toStoredText } from './stored-text.ts'
import { inTransaction } from './transaction.ts'

/**
 * A table as the file has it. Tables are named by number, because names are the
 * host's and may be anything.
 *
 * Every write gives a record a new, larger rowid. So rowid order is the order
 * of writing, and reading changes needs no index over `seq`.
 */
export type StoredTable = {
  readonly name: string
  readonly number: number
  readonly space: StoreTable['space']
  readonly indexes: readonly StoreIndex[]
  /** Make a row's keys, by place of the index. */
  readonly keys: readonly IndexKey[]
  /**
   * Whether records of `append` lie in `freshet_appended`: a durable append is
   * then one page of the log instead of three. Such a table has no indexes.
   */
  readonly appendsApart: boolean
  /** All its records, in SQL, with the columns `id` and `value`. */
  readonly source: string
}

/** Makes the file's tables and indexes what the host declares; records stay [T8]. */
export function syncTables(database: DatabaseSync, tables: TableSet): ReadonlyMap<string, StoredTable> {
  const stored = new Map<string, StoredTable>()
  for (const table of tables.values()) stored.set(table.name, syncTable(database, table))
  return stored
}

function syncTable(database: DatabaseSync, table: StoreTable): StoredTable {
  const indexes = table.indexes ?? []
  const fields = JSON.stringify(indexes.map((index) => index.fields))
  const isAsDeclared = (): number | undefined => {
    const found = database
      .prepare('SELECT number, space, indexes FROM freshet_table WHERE name = ?')
      .get(toStoredText(table.name))
    return found?.['indexes'] === fields && found['space'] === table.space
      ? Number(found['number'])
      : undefined
  }
  const number =
    isAsDeclared() ?? inTransaction(database, () => isAsDeclared() ?? declare(database, table, fields))
  const appendsApart = table.space === 'intent' && indexes.length === 0
  return {
    name: table.name,
    number,
    space: table.space,
    indexes,
    keys: keysOf(indexes),
    appendsApart,
    source: appendsApart ? withAppended(number) : `t${number}`,
  }
}

/** The keys are those of `appendKey`. */
function withAppended(number: number): string {
  return `(SELECT id, value FROM t${number}
    UNION ALL SELECT printf('%016d', seq), value FROM freshet_appended WHERE number = ${number})`
}

function declare(database: DatabaseSync, table: StoreTable, fields: string): number {
  const name = toStoredText(table.name)
  const found = database.prepare('SELECT number, indexes FROM freshet_table WHERE name = ?').get(name)
  if (found === undefined) {
    const { lastInsertRowid } = database
      .prepare('INSERT INTO freshet_table (name, space, indexes) VALUES (?, ?, ?)')
      .run(name, table.space, fields)
    createTable(database, Number(lastInsertRowid), table.indexes ?? [])
    return Number(lastInsertRowid)
  }
  const number = Number(found['number'])
  bringHome(database, number)
  if (found['indexes'] !== fields) rebuild(database, number, table.indexes ?? [])
  database
    .prepare('UPDATE freshet_table SET space = ?, indexes = ? WHERE number = ?')
    .run(table.space, fields, number)
  return number
}

function createTable(database: DatabaseSync, number: number, indexes: readonly StoreIndex[]): void {
  const keys = indexes.map((_, at) => `, k${at} TEXT NOT NULL`).join('')
  database.exec(
    `CREATE TABLE t${number} (id TEXT NOT NULL, seq INTEGER NOT NULL, value BLOB NOT NULL${keys}) STRICT`,
  )
  database.exec(`CREATE UNIQUE INDEX t${number}_id ON t${number} (id)`)
  for (const at of indexes.keys()) database.exec(`CREATE INDEX t${number}_k${at} ON t${number} (k${at}, id)`)
}

/** Moves what was appended to a table that changes its kind into it, under a number that followers have not seen. */
function bringHome(database: DatabaseSync, number: number): void {
  const appended = `FROM freshet_appended WHERE number = ${number}`
  if (database.prepare(`SELECT 1 ${appended}`).get() === undefined) return
  database.exec(`
    UPDATE freshet_appended SET seq = (SELECT max(seq) FROM freshet_appended) + 1 WHERE number = 0;
    INSERT INTO t${number} (id, seq, value)
      SELECT printf('%016d', seq), (SELECT max(seq) FROM freshet_appended), value ${appended} ORDER BY seq;
    DELETE ${appended};
  `)
}

/** Copies the records into a table with the new indexes, keeping rowids, in the caller's transaction. */
function rebuild(database: DatabaseSync, number: number, indexes: readonly StoreIndex[]): void {
  database.exec(`ALTER TABLE t${number} RENAME TO t${number}_old`)
  database.exec(`DROP INDEX t${number}_id`)
  for (const name of keyIndexNames(database, number)) database.exec(`DROP INDEX ${name}`)
  createTable(database, number, indexes)
  const keys = keysOf(indexes)
  const places = indexes.map((_, at) => `, k${at}`).join('')
  const marks = ', ?'.repeat(indexes.length)
  const copy = database.prepare(
    `INSERT INTO t${number} (rowid, id, seq, value${places}) VALUES (?, ?, ?, ?${marks})`,
  )
  const records = database.prepare(
    `SELECT rowid, id, seq, value FROM t${number}_old WHERE rowid > ? ORDER BY rowid LIMIT 1000`,
  )
  for (let after = 0, more = true; more;) {
    const slice = records.all(after)
    for (const { rowid = null, id = null, seq = null, value = null } of slice) {
      // The column is declared BLOB NOT NULL in a STRICT table.
      const row = decodeRow(value as Uint8Array)
      copy.run(rowid, id, seq, value, ...keys.map((keyOf) => toStoredText(keyOf(row))))
      after = Number(rowid)
    }
    more = slice.length > 0
  }
  database.exec(`DROP TABLE t${number}_old`)
}

function keyIndexNames(database: DatabaseSync, number: number): string[] {
  const found = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND name GLOB ?")
    .all(`t${number}_k*`)
  return found.map(({ name }) => String(name))
}

function keysOf(indexes: readonly StoreIndex[]): IndexKey[] {
  return indexes.map(({ fields }) => compileIndexKey(fields))
}
