import { createCollectionRows, type CollectionRows, type CollectionWriter } from './collection-writer.ts'
import type { WorkCounter } from './ordered-rows.ts'
import type { Query } from './query.ts'
import type { Version } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
import type { Row } from './value.ts'
import { createView, type View } from './view.ts'

export type { CollectionWriter } from './collection-writer.ts'
export type { LoadEntry, RowFold } from './layered-rows.ts'
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

/** The ids whose visible row or pending state changed in one batch; `all` after a reset. */
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
}

export type CollectionOptions = {
  readonly name: string
  readonly columns?: ColumnTypes | undefined
  /** Told what a listener throws. Default: it is thrown again outside the batch. */
  readonly onListenerError?: ((error: unknown) => void) | undefined
  /** Counts rows looked at, for tests. */
  readonly work?: WorkCounter | undefined
}

/** Makes an empty collection, with the reading side for everyone and the writing side for the kernel. */
export function createCollection<R extends Row = Row>(
  options: CollectionOptions,
): { readonly collection: Collection<R>; readonly writer: CollectionWriter } {
  const { name, columns = {}, onListenerError = throwLater, work = { rows: 0 } } = options
  const rows = createCollectionRows(columns, work, onListenerError)
  const collection: Collection = {
    ...createRowReader(rows),
    name,
    columns,
    get size() {
      return rows.visible()
    },
    get complete() {
      return rows.isComplete()
    },
    subscribe: (listener) => rows.listeners.add(listener),
    view: (query = {}) => createView(rows, query),
  }
  rowsOf.set(collection, rows)
  // The rows are what the source put there; R is the caller's word for them.
  return { collection: collection as unknown as Collection<R>, writer: rows }
}

/** By collection, for live results that an application imports by themselves. */
export const rowsOf = new WeakMap<object, CollectionRows>()

type RowReader = Pick<Collection, 'get' | 'confirmed' | 'lookup' | 'meta' | 'ids' | 'entries'>

function createRowReader(rows: CollectionRows): RowReader {
  const { slots } = rows
  const reader: RowReader = {
    get: (id) => rows.get(id),
    confirmed: (id) => rows.confirmed(id),
    lookup(id) {
      const slot = slots.find(id)
      const row = slot < 0 ? undefined : slots.rows[slot]
      if (row !== undefined) return { kind: 'present', row }
      // A row hidden by a pending delete is absent; a layer over nothing tells nothing.
      const hidden = slot >= 0 && rows.confirmedAt(slot) !== undefined
      return { kind: hidden || rows.isComplete() || rows.knownAbsent(id) ? 'absent' : 'unknown' }
    },
    meta(id) {
      const slot = slots.find(id)
      if (slot < 0) return undefined
      return {
        fetchedAtUnixMs: slots.fetchedAtUnixMs(slot),
        verifiedEpoch: slots.epoch(slot),
        version: slots.version(slot),
        pending: rows.pending(slot),
      }
    },
    *ids() {
      for (const [id] of reader.entries()) yield id
    },
    *entries() {
      for (const [slot, id] of slots.ids.entries()) {
        const row = slots.rows[slot]
        if (id !== undefined && row !== undefined) yield [id, row]
      }
    },
  }
  return reader
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
