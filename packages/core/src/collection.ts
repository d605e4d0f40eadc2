import type { Aggregate, AggregateSpec } from './aggregate.ts'
import { createAggregate } from './aggregate.ts'
import type { Derived, Output } from './derived.ts'
import { LiveOrder } from './live-order.ts'
import { createListeners } from './listeners.ts'
import type { WorkCounter } from './ordered-rows.ts'
import type { Query } from './query.ts'
import { filterKey, orderKey } from './query-key.ts'
import { RowSlots, type Stamp, type Version } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
import { rowsEqual } from './value-equality.ts'
import type { Row } from './value.ts'
import { createView, type View } from './view.ts'

export type { Stamp, Version } from './row-slots.ts'

/** What is known of an id [R7]. */
export type Lookup<R extends Row = Row> =
  | { readonly kind: 'present'; readonly row: R }
  /** It is known that there is no such row. */
  | { readonly kind: 'absent' }
  /** There may be one at the source. */
  | { readonly kind: 'unknown' }

/** How fresh a row is. */
export type RowMeta = {
  /** Milliseconds since the Unix epoch; 0 for a row that only a pending write made. */
  readonly fetchedAtUnixMs: number
  readonly verifiedEpoch: number
  readonly version?: Version | undefined
  /** Whether a write of ours that the remote has not confirmed lies over it. */
  readonly pending: boolean
}

/** The ids whose visible row or pending state changed in one batch; `all` after a bulk load or a reset. */
export type CollectionChange = { readonly ids: readonly string[] | 'all' }

/**
 * Rows by id in memory, with their freshness: the only thing that is read.
 *
 * What is read is the visible row: the confirmed one with pending writes over it.
 */
export type Collection<R extends Row = Row> = {
  readonly name: string
  readonly columns: ColumnTypes
  /** Visible rows. */
  readonly size: number
  /** Whether the whole set of the source is known here. */
  readonly complete: boolean
  /** The visible row. Synchronous; allocates nothing. */
  get(id: string): R | undefined
  /** The row as the source last said, without pending writes. */
  confirmed(id: string): R | undefined
  lookup(id: string): Lookup<R>
  meta(id: string): RowMeta | undefined
  ids(): IterableIterator<string>
  entries(): IterableIterator<[id: string, row: R]>
  /** Calls `listener` once per applied batch that changed something. Returns how to stop. */
  subscribe(listener: (change: CollectionChange) => void): () => void
  /** @throws {FreshetError} `query/bad-window`, `query/bad-filter`. */
  view(query?: Query): View<R>
  /** Keeps totals over the rows that match a query's filter; its order and window say nothing here. */
  aggregate<S extends AggregateSpec>(query: Query, spec: S): Aggregate<S>
}

export type LoadEntry = { readonly id: string; readonly row: Row; readonly version?: Version | undefined }

/**
 * The kernel's only door into a collection. One batch at a time: `begin`,
 * changes, `settle`, and `notify` once every collection of the replica is settled.
 */
export type CollectionWriter = {
  begin(): void
  /**
   * Sets the confirmed row. A row equal to the held one keeps the held object
   * and counts as verified. Returns whether it changed.
   */
  put(id: string, row: Row, stamp: Stamp, version?: Version): boolean
  /** Removes the confirmed row and remembers that it is absent. Returns whether there was one. */
  remove(id: string, stamp?: Stamp): boolean
  /** The row is as it is held. */
  verify(id: string, stamp: Stamp): void
  /** Sets or takes away what pending writes make of a row. */
  layer(id: string, fold: ((confirmed: Row | undefined) => Row | undefined) | undefined): void
  setComplete(complete: boolean): void
  /** Brings every view up to date. */
  settle(): void
  /** Runs the listeners of everything that changed since the last time. */
  notify(): void
  /** Puts many rows at once; beyond a quarter of the collection, views are built once instead of row by row. */
  load(entries: readonly LoadEntry[], stamp: Stamp): void
  /** Forgets every confirmed row. Layers stay. */
  clear(): void
  /** Sequence number of the last put or removal; 0 when unknown. */
  changedSeq(id: string): number
  verifiedEpoch(id: string): number
  version(id: string): Version | undefined
  idsVerifiedBefore(epoch: number): IterableIterator<string>
}

export type CollectionOptions = {
  readonly name: string
  readonly columns?: ColumnTypes | undefined
  /** Told what a listener throws. Default: it is thrown again outside the batch. */
  readonly onListenerError?: ((error: unknown) => void) | undefined
  /** Counts rows looked at, for tests. */
  readonly work?: WorkCounter | undefined
}
