import type { CommitSeq, Row, Space, StoreTable, Term } from '@freshet/core'
import { compileIndexKey, type IndexKey } from '../order-key.ts'
import { toClonedRow, type ClonedRow } from './clone-codec.ts'

/** The object store of the one record of the books, under `stateKey`. */
export const booksName = 'freshet'
export const stateKey = 'state'
export const tombstonesName = 'tombstones'
/** The index over the number that wrote a record. */
export const seqIndex = 'seq'

/** The layout this code reads and writes. */
export const currentLayout = 1

export type State = {
  readonly layout: number
  readonly seq: CommitSeq
  readonly term: Term
  readonly resetSeq: CommitSeq
}

export type Tombstone = { readonly table: string; readonly id: string; readonly seq: CommitSeq }

/** A record as it lies in its object store. */
export type StoredRecord = ClonedRow & {
  readonly id: string
  readonly seq: CommitSeq
  /** Keys of the declared indexes, by place: `k0`, `k1` … */
  readonly [key: `k${number}`]: string
}

/**
 * A declared table and how the database has it. The database's own schema says
 * what there is: object stores and indexes are named by what they hold.
 */
export type StoredTable = StoreTable & {
  readonly storeName: string
  /** By place. */
  readonly indexNames: readonly string[]
  readonly keys: readonly IndexKey[]
}

export function storedTable({ name, space, indexes = [] }: StoreTable): StoredTable {
  return {
    ...{ name, space, indexes },
    storeName: `:${name}`,
    indexNames: indexes.map(({ fields }, at) => `${keyName(at)}${JSON.stringify(fields)}`),
    keys: indexes.map(({ fields }) => compileIndexKey(fields)),
  }
}

/** The indexes of a table with what each is over. Only followed tables are asked what changed. */
export function indexPaths({ space, indexNames }: StoredTable): ReadonlyMap<string, string> {
  const paths = new Map<string, string>(indexNames.map((name, at) => [name, keyName(at)]))
  return space === followed ? paths.set(seqIndex, 'seq') : paths
}

/** The space whose changes followers are told. */
export const followed: Space = 'replica'

/** A row as it is put into its object store, with its number and its index keys. */
export function toStoredRecord(table: StoredTable, id: string, seq: CommitSeq, row: Row): StoredRecord {
  // First, because only a row that can be kept has keys.
  const cloned = toClonedRow(row)
  return {
    id,
    seq,
    ...cloned,
    ...Object.fromEntries(table.keys.map((keyOf, at) => [keyName(at), keyOf(row)])),
  }
}

function keyName(place: number): `k${number}` {
  return `k${place}`
}
