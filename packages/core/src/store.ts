import type { Row, Value } from './value.ts'

/** Counts the commits of one store; each row and tombstone carries the number that wrote it [T9]. */
export type CommitSeq = number

/** Identifies one leadership. A commit under an older term than the newest fails [T9]. */
export type Term = number

/**
 * A record of one table. `value` undefined deletes it.
 *
 * The kernel keeps all it persists as records of tables: rows, checkpoint,
 * coverage, history, deferred batches, operations and drafts. So an adapter
 * knows nothing of their meaning.
 */
export type StoreWrite = {
  readonly table: string
  readonly id: string
  readonly value: Row | undefined
}

/** One transaction: all of it or nothing, also through a crash [T1]. */
export type Commit = {
  readonly writes: readonly StoreWrite[]
  /** Tables emptied before the writes, in the same transaction. */
  readonly clear?: readonly string[] | undefined
}

/**
 * Which of the two spaces a table belongs to [T7].
 *
 * `replica` can be dropped and fetched again. `intent` holds what the user did
 * (operations, drafts): no reset or migration touches it, and a commit that
 * writes to it is on the disk before it resolves.
 */
export type Space = 'replica' | 'intent'

/** An ordered index over one or more fields, kept as order-preserving keys [T7]. */
export type StoreIndex = {
  readonly name: string
  readonly fields: readonly string[]
}

export type StoreTable = {
  readonly name: string
  readonly space: Space
  readonly indexes?: readonly StoreIndex[] | undefined
}

/** Bounds compare field by field with the index's fields; shorter bounds are prefixes. */
export type StoreRange = {
  /** Name of a declared index; absent: by id. */
  readonly index?: string | undefined
  readonly lower?: readonly Value[] | undefined
  /** Default true. */
  readonly lowerInclusive?: boolean | undefined
  readonly upper?: readonly Value[] | undefined
  /** Default true. */
  readonly upperInclusive?: boolean | undefined
  readonly limit?: number | undefined
  /** Largest key first. Records of one index key stay in id order, as a query breaks ties. Default false. */
  readonly reverse?: boolean | undefined
}

export type StoreRecord = { readonly id: string; readonly value: Row }

export type StoreChanges =
  | { readonly kind: 'changes'; readonly seq: CommitSeq; readonly writes: readonly StoreWrite[] }
  /** Tombstones since the asked seq are gone, or a table was cleared: read everything again. */
  | { readonly kind: 'reset'; readonly seq: CommitSeq }

export type StoreInfo = {
  readonly seq: CommitSeq
  readonly term: Term
}

/**
 * The durable copy: one transaction commits rows together with the checkpoint
 * that covers them [T1–T10].
 *
 * Every adapter passes the contract suite of `@freshet/storage/testing`. All
 * methods reject with a `FreshetError` of kind `storage`: `storage/closed`,
 * `storage/locked`, `storage/full`, `storage/corrupt`, `storage/deposed`,
 * `storage/unavailable`.
 */
export interface Store {
  /**
   * Commits all writes or none and resolves with its number.
   *
   * @param term - The leadership this commit is made under. Writes to intent
   *   tables alone may pass `undefined`: any tab may note what its user did [T10].
   * @throws {FreshetError} `storage/deposed` when a newer term was taken.
   */
  commit(commit: Commit, term: Term | undefined): Promise<CommitSeq>
  /**
   * Adds a record to an intent table under a key the store makes; keys sort in
   * the order of appending, across tabs and restarts. On disk before it resolves.
   */
  append(table: string, value: Row): Promise<string>
  /** Records by id, in the order asked; `undefined` where there is none. */
  get(table: string, ids: readonly string[]): Promise<(Row | undefined)[]>
  range(table: string, range: StoreRange): Promise<StoreRecord[]>
  /** All records of a table in id order, in slices, for hydration. */
  scan(table: string, sliceRows: number): AsyncIterable<readonly StoreRecord[]>
  count(table: string): Promise<number>
  /** What was committed to replica tables after `seq`, newest value per record. */
  changesSince(seq: CommitSeq): Promise<StoreChanges>
  /** Starts a new leadership; commits of older terms fail from then on. */
  takeTerm(): Promise<Term>
  info(): Promise<StoreInfo>
  /** Closes explicitly; later calls reject with `storage/closed`. Calling twice is harmless. */
  close(): Promise<void>
}
