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
  clear(table: StoredTable): void
  /** Forgets the oldest deletions beyond the bound. @returns the number up to which they are gone. */
  prune(): CommitSeq
  advance(seq: CommitSeq, resetSeq: CommitSeq): void
  setTerm(term: Term): void
}

type TableStatements = {
  readonly table: StoredTable
  readonly put: StatementSync
  readonly remove: StatementSync
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
  const remove = ({ table, remove: gone }: TableStatements, id: string, seq: CommitSeq): boolean => {
    if (gone.run(id).changes === 0 || table.space === 'intent') return false
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
    clear({ number }) {
      prepared(`DELETE FROM t${number}`).run()
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
    advance(seq, resetSeq) {
      prepared('UPDATE freshet_state SET seq = ?, resetSeq = ?').run(seq, resetSeq)
    },
    setTerm(term) {
      prepared('UPDATE freshet_state SET term = ?').run(term)
    },
  }
}

function prepareTable(prepared: StatementCache, table: StoredTable): TableStatements {
  const keys = table.indexes.map((_, at) => `, k${at}`).join('')
  const marks = ', ?'.repeat(table.indexes.length)
  return {
    table,
    // REPLACE gives the record a new rowid, the largest so far.
    put: prepared(`REPLACE INTO t${table.number} (id, seq, value${keys}) VALUES (?, ?, ?${marks})`),
    remove: prepared(`DELETE FROM t${table.number} WHERE id = ?`),
  }
}

function putRow({ table, put }: TableStatements, id: string, seq: CommitSeq, row: Row): void {
  const bytes = encodeRow(row)
  put.run(toStoredText(id), seq, bytes, ...table.keys.map((keyOf) => toStoredText(keyOf(row))))
}
