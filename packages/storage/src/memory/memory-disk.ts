import type { CommitSeq, Row, Term } from '@freshet/core'

/**
 * What outlives a memory store: give it to the next store to play a restart, or
 * to several at once to play tabs. Opaque; made by `createMemoryDisk`.
 */
export type MemoryDisk = {
  seq: CommitSeq
  term: Term
  /** Followers that know less than this must read everything again. */
  resetSeq: CommitSeq
  readonly tables: Map<string, MemoryTable>
}

export type MemoryTable = {
  readonly rows: Map<string, { readonly value: Row; readonly seq: CommitSeq }>
  /** Oldest first. */
  readonly tombstones: Map<string, CommitSeq>
}

/** An empty disk. */
export function createMemoryDisk(): MemoryDisk {
  return { seq: 0, term: 0, resetSeq: 0, tables: new Map() }
}

export function tableOnDisk(disk: MemoryDisk, name: string): MemoryTable {
  let table = disk.tables.get(name)
  if (table === undefined) {
    table = { rows: new Map(), tombstones: new Map() }
    disk.tables.set(name, table)
  }
  return table
}
