import {
  usageError,
  type CommitSeq,
  type FreshetError,
  type Row,
  type StoreTable,
  type Term,
} from '@freshet/core'
import { toClonedRow, type ClonedRow } from './clone-codec.ts'
import type { ChangeKeeping } from './changes.ts'
import type { IndexKeeping } from './indexes.ts'
import type { PackKeeping } from './packs.ts'

/** The object store of the one record of the books, under `stateKey`. */
export const booksName = 'freshet'
export const stateKey = 'state'

/** The layout this code reads and writes: the first, and the second where rows are packed. */
export const layouts = { loose: 1, packed: 2 } as const

export type State = {
  readonly layout: number
  readonly seq: CommitSeq
  readonly term: Term
  readonly resetSeq: CommitSeq
}

/** A record as it lies in its object store. */
export type StoredRecord = ClonedRow & {
  readonly id: string
  readonly seq: CommitSeq
  /** Keys of the declared indexes, by place: `k0`, `k1` … */
  readonly [key: `k${number}`]: string
}

/**
 * An object store as it is to be. The database's own schema says what there is:
 * object stores and indexes are named by what they hold.
 */
export type ObjectStoreSpec = {
  readonly storeName: string
  /** `null` where keys lie outside. */
  readonly keyPath: string | string[] | null
  /** The field that each index is over, by the index's name. */
  readonly indexPaths: ReadonlyMap<string, string>
  /** Makes the records fit for indexes that are new. */
  rekey?(records: IDBObjectStore): Promise<void>
}

/** A declared table and how the database has it. */
export type StoredTable = StoreTable &
  ObjectStoreSpec & {
    /** The keys of a row in the declared indexes, where those are kept. */
    readonly keysOf: ((row: Row) => Pick<StoredRecord, `k${number}`>) | undefined
    /** What packs its rows, where that may be. */
    readonly packs: PackKeeping | undefined
    /** All object stores that hold its records. */
    readonly scope: readonly string[]
  }

/** What a store keeps beside rows by id, where the host wants it. */
export type Keeping = {
  readonly indexes?: IndexKeeping | undefined
  readonly changes?: ChangeKeeping | undefined
  readonly packs?: PackKeeping | undefined
}

/** @throws {FreshetError} `storage/not-kept` (usage): indexes are declared, and nothing keeps them. */
export function storedTable(table: StoreTable, { indexes, changes, packs }: Keeping): StoredTable {
  if (!indexes && table.indexes?.length) throw notKept('indexes')
  const storeName = `:${table.name}`
  const packing = packs?.takes(table) ? packs : undefined
  const stored: StoredTable = {
    ...table,
    storeName,
    keyPath: 'id',
    indexPaths: new Map([...(indexes?.pathsOf(table) ?? []), ...(changes?.pathsOf(table) ?? [])]),
    keysOf: indexes?.keysOf(table),
    packs: packing,
    scope: [storeName, ...(packing ? [packing.spec.storeName] : [])],
    async rekey(records) {
      if (table.indexes?.length) await packs?.unpack(records.transaction, stored)
      await indexes?.rekey(records, stored)
    },
  }
  return stored
}

/** What the host asks of the store, and did not ask it to keep. */
export function notKept(what: keyof Keeping): FreshetError {
  return usageError(
    'storage/not-kept',
    `This store was opened without ${what}. Pass ${what} of @freshet/storage/indexeddb.`,
  )
}

/** A row as it is put into its object store, with its number and its index keys. */
export function toStoredRecord({ keysOf }: StoredTable, id: string, seq: CommitSeq, row: Row): StoredRecord {
  // First, because only a row that can be kept has keys.
  const cloned = toClonedRow(row)
  return { id, seq, ...cloned, ...keysOf?.(row) }
}
