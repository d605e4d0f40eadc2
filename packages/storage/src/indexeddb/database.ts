import type { CommitSeq, Space, Term } from '@freshet/core'
import type { IDBPDatabase } from 'idb'
import type { ClonedRow } from './clone-codec.ts'

/**
 * Stands for `t1`, `t2` …: object stores are numbered, because table names are
 * the host's and may be anything. The types of idb know fixed names only, so
 * all record stores share the type of one, and all their indexes that of `k`.
 */
export type RecordStoreName = 't'
export type KeyIndexName = 'k'

/** A record as it lies in its object store. */
export type StoredRecord = ClonedRow & {
  readonly id: string
  readonly seq: CommitSeq
  /** Keys of the declared indexes, by place: `k0`, `k1` … */
  readonly [key: `k${number}`]: string
}

export type State = { readonly seq: CommitSeq; readonly term: Term; readonly resetSeq: CommitSeq }

/** What the database knows of a declared table. */
export type CatalogEntry = {
  readonly name: string
  readonly number: number
  readonly space: Space
  /** Fields of each index, by place. */
  readonly indexes: readonly (readonly string[])[]
}

export type Catalog = { readonly layout: number; readonly tables: readonly CatalogEntry[] }

export type StoreSchema = {
  state: { key: string; value: State }
  catalog: { key: string; value: Catalog }
  tombstones: {
    key: [number, string]
    value: { readonly number: number; readonly id: string; readonly seq: CommitSeq }
    indexes: { seq: CommitSeq }
  }
  t: {
    key: string
    value: StoredRecord
    indexes: { seq: CommitSeq; k: IDBValidKey }
  }
}

export type Database = IDBPDatabase<StoreSchema>

/** The layout this code reads and writes. */
export const currentLayout = 1

/** State and catalog are one record each, under this key. */
export const onlyKey = 'one'

export function recordStoreName({ number }: CatalogEntry): RecordStoreName {
  // See RecordStoreName.
  return `t${number}` as RecordStoreName
}

export function keyIndexName(place: number): KeyIndexName {
  // See RecordStoreName.
  return `k${place}` as KeyIndexName
}
