import type { ColumnTypes, Filter, OrderTerm, Query, Row, Value } from '@freshet/core'

/** Orders the states of one row; a higher version is newer. Comparable only within one row. */
export type RowVersion = number | bigint | string

/** A row by its id, with its version where the master has versions. */
export type MasterEntry = readonly [id: string, row: Row, version?: RowVersion | undefined]

/** How rows of one table point at rows of another. */
export type Reference = {
  /**
   * `one`: this table's `field` holds the id of a row of `table`.
   * `many`: `field` of `table` holds the id of this row.
   */
  readonly kind: 'one' | 'many'
  readonly table: string
  readonly field: string
}

/** What is known of a table before any row is read. */
export type TableSchema = {
  /** Column types in display order, without the id field. */
  readonly columns: ColumnTypes
  /** The field under which every row carries its own id, as text. */
  readonly idField: string
  /** Fields that name a row to a person. */
  readonly titleFields: readonly string[]
  readonly references: { readonly [name: string]: Reference }
}

/**
 * What a master can do. Declared and not delivered fails the contract suite [S1].
 */
export type MasterCapabilities = {
  /** `list` and `deleteAll` evaluate filters at the remote. */
  readonly filter: boolean
  /** `list` sorts at the remote. */
  readonly order: boolean
  /** `list` says `total`, and `count` is there. */
  readonly count: boolean
  /** `insert`, `replace`, `patch`, `delete` and `deleteAll` are there. */
  readonly write: boolean
  /** `insertReturnId` is there: the backend makes ids. */
  readonly backendIds: boolean
  /** Writes return the row as stored. */
  readonly returnedRow: boolean
  /** `expect` is a compare-and-set in one statement. */
  readonly guard: boolean
  /** Entries, changes and results carry versions. */
  readonly versions: boolean
  /** An absent field and `null` are two different things; else both read as `null`. */
  readonly absent: boolean
  /** `none`: no `watch`. `hint`: changes may be lost. `lossless`: none is lost while a watch runs. */
  readonly push: 'none' | 'hint' | 'lossless'
  /** `watch({ from })` goes on after a cursor without losing a change. */
  readonly resumable: boolean
  /** `watch` reports deletes. */
  readonly deletesSeen: boolean
  /** Changes that a write of ours caused carry its operation id. */
  readonly opEcho: boolean
}

/**
 * Which filters and orders mean the same here as there, so that a complete
 * local copy may answer them [R8]: collation, nulls and decimals agree.
 */
export type Evaluates = {
  filter(filter: Filter): boolean
  order(order: readonly OrderTerm[]): boolean
}

export type RowPage = {
  readonly rows: readonly MasterEntry[]
  /** Rows that match without the window, where the master counts. */
  readonly total?: number | undefined
  /** The id after which `page` goes on; absent at the end, and in results of `list`. */
  readonly next?: string | undefined
}

/** How a master answers a query. */
export type MasterPreview = {
  /** What is sent, in the language of the database, values as parameters. Absent where nothing is put in words. */
  readonly statement?: string | undefined
  /** The parameters of the statement, in words. */
  readonly parameters?: { readonly [name: string]: string } | undefined
  /** What is decided in this process, because the database would decide otherwise than we do. */
  readonly here: readonly ('filter' | 'order')[]
}

/** A shallow change of one row: fields to set, and fields to remove. */
export type Patch = {
  readonly set: Row
  readonly unset?: readonly string[] | undefined
}

/** Field values a write is based on. `undefined` demands that the field is absent. */
export type Guard = { readonly [field: string]: Value | undefined }

export type WriteOptions = {
  /** Names the operation: the same id may be sent again and has one effect. */
  readonly opId: string
  readonly signal?: AbortSignal | undefined
}

export type GuardedWriteOptions = WriteOptions & {
  /** Write only while the stored row has these values; else the result is a `conflict`. */
  readonly expect?: Guard | undefined
}

/** The row is stored. `row` as the backend keeps it, when `returnedRow`. */
export type Stored = {
  readonly kind: 'stored'
  readonly row?: Row | undefined
  readonly version?: RowVersion | undefined
}

/** The guard did not hold and nothing was written. `row` is the row as it is now; `null`: there is none. */
export type Conflict = {
  readonly kind: 'conflict'
  readonly row: Row | null
  readonly version?: RowVersion | undefined
}

/** The row is not there (any more). */
export type Deleted = { readonly kind: 'deleted' }

/**
 * What a watch reports.
 *
 * - `resumed`: the watch goes on after the cursor it was given; what was missed follows, then `live`.
 * - `live`: the subscription stands; every later change is reported (as far as `push` promises).
 *   Without `resumed` before it, changes before it may have been missed.
 * - `upsert`, `delete`: the row as it is now, or gone. `before` is the row as it was, where the
 *   master tells: one that was in no view of ours before or after need not be looked at.
 * - `transaction`: what one transaction changed, in its order, to be shown as a whole. One of no
 *   changes only moves the cursor.
 * - `touched`: the row changed, read it.
 * - `invalidated`: anything may have changed, read all.
 *
 * `cursor`, where the master is resumable, is the place to go on from after this change.
 */
export type MasterChange =
  | { readonly kind: 'resumed' }
  | { readonly kind: 'live'; readonly cursor?: string | undefined }
  | (RowChange & { readonly op?: string | undefined; readonly cursor?: string | undefined })
  | {
      readonly kind: 'transaction'
      readonly changes: readonly RowChange[]
      readonly op?: string | undefined
      readonly cursor?: string | undefined
    }
  | { readonly kind: 'touched'; readonly id: string; readonly cursor?: string | undefined }
  | { readonly kind: 'invalidated'; readonly cursor?: string | undefined }

/** What became of one row. */
export type RowChange =
  | {
      readonly kind: 'upsert'
      readonly id: string
      readonly row: Row
      readonly before?: Row | undefined
      readonly version?: RowVersion | undefined
    }
  | { readonly kind: 'delete'; readonly id: string; readonly version?: RowVersion | undefined }

export type WatchOptions = {
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** A cursor of an earlier watch. Where it can be gone on from, `resumed` comes first. */
  readonly from?: string | undefined
}

/**
 * A table at its source: the remote that is right when copies differ.
 *
 * Every row read carries its id in `schema.idField`; rows written may leave it
 * out and must not contradict it. Reads, `count` and `deleteAll` see the rows
 * of the view's filter only; writes by id address the table.
 *
 * All methods reject with a `FreshetError`: `table/unreachable` (retryable),
 * `table/unsupported-filter`, `table/unstorable` (a value this backend cannot
 * hold exactly), `table/aborted`, or a `WriteRejectedError`.
 */
export interface Master {
  readonly name: string
  readonly schema: TableSchema
  readonly capabilities: MasterCapabilities
  readonly evaluates: Evaluates
  /** The filter of this view; absent for the whole table. */
  readonly filter: Filter | undefined

  /** The rows of a query, in its order; ties, and all when no order is given, by id. */
  list(query: Query, signal?: AbortSignal): Promise<RowPage>
  /**
   * One step of a walk over all rows by id ascending.
   *
   * A row that is there throughout the walk is met exactly once, whatever
   * changes around it.
   */
  page(
    step: { readonly after?: string | undefined; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<RowPage>
  /** The rows that are there, in the order asked. */
  get(ids: readonly string[], signal?: AbortSignal): Promise<readonly MasterEntry[]>
  count(filter?: Filter, signal?: AbortSignal): Promise<number>
  /**
   * What `list` would ask for, said at once and without asking. Absent where a driver cannot say.
   *
   * @throws {FreshetError} `table/unsupported-filter`, as `list` would.
   */
  preview?(query: Query): MasterPreview

  /** Inserts unless the row exists: an existing row is kept as it is, and returned. */
  insert(id: string, row: Row, options: WriteOptions): Promise<Stored>
  /** Makes the row exactly this one, whether it exists or not. */
  replace(id: string, row: Row, options: GuardedWriteOptions): Promise<Stored | Conflict>
  /**
   * Sets and removes fields of an existing row, shallowly: a record given for a field replaces the record.
   *
   * @throws {FreshetError} `table/not-found`: there is no such row.
   */
  patch(id: string, patch: Patch, options: GuardedWriteOptions): Promise<Stored | Conflict>
  /** Deletes the row if it is there. */
  delete(id: string, options: GuardedWriteOptions): Promise<Deleted | Conflict>
  /** Deletes the rows of this view that match, and no other. */
  deleteAll(filter: Filter | undefined, options: WriteOptions): Promise<void>
  /** Inserts under an id that the backend makes. Not idempotent: do not repeat after an unknown outcome. */
  insertReturnId(row: Row, options: WriteOptions): Promise<Stored & { readonly id: string }>

  /**
   * Reports changes of the whole table, also those outside this view's filter.
   *
   * The first change is `live` or `resumed`. Any end that the signal did not
   * ask for is a gap [S4].
   */
  watch(options: WatchOptions): AsyncIterable<MasterChange>
  /**
   * Told that all up to this cursor of a watch is safe here. A master that keeps changes for us
   * until then may let go of them; where it does, a watch that is never told makes it keep all.
   */
  acknowledge?(cursor: string): void

  /** This view narrowed further. */
  withFilter(filter: Filter): Master
  /**
   * The rows that `row` points at.
   *
   * @throws {FreshetError} `table/unknown-reference`.
   */
  getReference(name: string, row: Row): Master
}

/** A connection to the tables of one remote. */
export interface MasterDatabase {
  /** The declared tables. */
  readonly tables: readonly string[]
  /** @throws {FreshetError} `table/unknown-table`. */
  master(table: string): Master
  /** Ends every watch and releases the connection. Calling twice is harmless. */
  close(): Promise<void>
}
