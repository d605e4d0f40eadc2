import type { CommitSeq, Row, StoreWrite, Term } from '@freshet/core'
import type { StatementSync } from 'node:sqlite'
import { encodingRecord } from '../storable.ts'
import { listsOf } from './reader.ts'
import { encodeRow } from './row-codec.ts'
import type { StatementCache } from './statement-cache.ts'
import type { StoredTable } from './stored-table.ts'
import { toStoredText } from './stored-text.ts'

/** The writing half of the store, always within the caller's transaction. */
export type Writer = {
  /** @returns whether a deletion was noted for followers. */
  apply(writes: readonly StoreWrite[], seq: CommitSeq): boolean
  /** Adds a record to a table that appends apart; a transaction by itself. @returns the number it took. */
  append(table: StoredTable, value: Row): CommitSeq
  clear(table: StoredTable): void
  /** Forgets the oldest deletions beyond the bound. @returns the number up to which they are gone. */
  prune(): CommitSeq
  advance(seq: CommitSeq): void
  /** Followers up to this number must read everything again. */
  setResetSeq(seq: CommitSeq): void
  setTerm(term: Term): void
}

type TableStatements = {
  readonly table: StoredTable
  readonly put: StatementSync
  readonly remove: StatementSync
  /** The same for what was appended apart. */
  readonly rewriteAppended: StatementSync | undefined
  readonly removeAppended: StatementSync | undefined
}

export function createWriter(
  prepared: StatementCache,
  maxTombstones: number,
  storedTable: (name: string) => StoredTable,
): Writer {
  const statements = new Map<string, TableStatements>()
  const statementsOf = (name: string): TableStatements => {
    let found = statements.get(name)
    if (found === undefined) {
      found = prepareTable(prepared, storedTable(name))
      statements.set(name, found)
    }
    return found
  }
  const remove = (found: TableStatements, id: string, seq: CommitSeq): boolean => {
    const { table } = found
    if (found.removeAppended && found.removeAppended.run(id).changes > 0) return false
    if (found.remove.run(id).changes === 0 || table.space === 'intent') return false
    prepared('REPLACE INTO freshet_tombstone (number, id, seq) VALUES (?, ?, ?)').run(table.number, id, seq)
    return true
  }

  return {
    apply(writes, seq) {
      let deleted = false
      for (const { table: name, id, value } of writes) {
        const found = statementsOf(name)
        if (value !== undefined) encodingRecord(name, id, value, (row) => putRow(found, id, seq, row))
        else if (remove(found, toStoredText(id), seq)) deleted = true
      }
      return deleted
    },
    append({ name, number }, value) {
      const bytes = encodingRecord(name, '(to be appended)', value, encodeRow)
      return Number(prepared(insertAppended).run(number, bytes).lastInsertRowid)
    },
    clear({ number }) {
      prepared(`DELETE FROM t${number}`).run()
      prepared('DELETE FROM freshet_appended WHERE number = ?').run(number)
      prepared('DELETE FROM freshet_tombstone WHERE number = ?').run(number)
    },
    prune() {
      const [newest] = listsOf(prepared('SELECT max(rowid) FROM freshet_tombstone'))
      const last = Number(newest?.[0] ?? 0) - maxTombstones
      if (last <= 0) return 0
      const [pruned] = listsOf(prepared('SELECT max(seq) FROM freshet_tombstone WHERE rowid <= ?'), last)
      prepared('DELETE FROM freshet_tombstone WHERE rowid <= ?').run(last)
      return Number(pruned?.[0] ?? 0)
    },
    advance(seq) {
      prepared(advanceNumber).run(seq)
    },
    setResetSeq(seq) {
      prepared('UPDATE freshet_state SET resetSeq = ?').run(seq)
    },
    setTerm(term) {
      prepared('UPDATE freshet_state SET term = ?').run(term)
    },
  }
}

// SQLite makes the largest key plus one its key; one statement, so that no other process can take the same.
const insertAppended = 'INSERT INTO freshet_appended (number, value) VALUES (?, ?)'

// From the newest back: the row lies behind what was appended since the commit before.
const advanceNumber = `UPDATE freshet_appended SET seq = ?
  WHERE seq = (SELECT seq FROM freshet_appended WHERE number = 0 ORDER BY seq DESC LIMIT 1)`

function prepareTable(prepared: StatementCache, table: StoredTable): TableStatements {
  const keys = table.indexes.map((_, at) => `, k${at}`).join('')
  const marks = ', ?'.repeat(table.indexes.length)
  // A key of another form, such as 7 for 0000000000000007, is not its key.
  const appended = `seq = CAST(?1 AS INTEGER) AND printf('%016d', seq) = ?1 AND number = ${table.number}`
  return {
    table,
    // REPLACE gives the record a new rowid, the largest so far.
    put: prepared(`REPLACE INTO t${table.number} (id, seq, value${keys}) VALUES (?, ?, ?${marks})`),
    remove: prepared(`DELETE FROM t${table.number} WHERE id = ?`),
    rewriteAppended: table.appendsApart
      ? prepared(`UPDATE freshet_appended SET value = ?2 WHERE ${appended}`)
      : undefined,
    removeAppended: table.appendsApart
      ? prepared(`DELETE FROM freshet_appended WHERE ${appended}`)
      : undefined,
  }
}

function putRow(found: TableStatements, id: string, seq: CommitSeq, row: Row): void {
  const { table, put, rewriteAppended } = found
  const bytes = encodeRow(row)
  const storedId = toStoredText(id)
  if (rewriteAppended && rewriteAppended.run(storedId, bytes).changes > 0) return
  put.run(storedId, seq, bytes, ...table.keys.map((keyOf) => toStoredText(keyOf(row))))
}
