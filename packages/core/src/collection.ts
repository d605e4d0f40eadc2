import { createAggregate, type Aggregate, type AggregateSpec } from './aggregate.ts'
import type { Output } from './derived.ts'
import { LayeredRows, type LoadEntry, type RowFold } from './layered-rows.ts'
import { createListeners } from './listeners.ts'
import { createLiveOrders } from './live-orders.ts'
import type { WorkCounter } from './ordered-rows.ts'
import type { Query } from './query.ts'
import type { Stamp, Version } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
import type { Row } from './value.ts'
import { createView, type View, type ViewHost } from './view.ts'

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
  /** Keeps totals over the rows that match a query's filter; its order and window say nothing here. */
  aggregate<S extends AggregateSpec>(query: Query, spec: S): Aggregate<S>
}

/**
 * The kernel's only door into a collection. One batch at a time: `begin`,
 * changes, `settle`, and `notify` once every collection of the replica is settled.
 */
export type CollectionWriter = {
  /**
   * @param rows - How many rows the batch may change. From 64 on, and beyond
   *   a quarter of the collection, views are built once at `settle` instead of
   *   row by row. Default 0.
   */
  begin(rows?: number): void
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
  layer(id: string, fold: RowFold | undefined): void
  setComplete(complete: boolean): void
  /** Brings every view up to date. */
  settle(): void
  /** Runs the listeners of everything that changed since the last time. */
  notify(): void
  /** Puts many rows, in a batch begun with their number. */
  load(entries: readonly LoadEntry[], stamp: Stamp): void
  /** Lets a row leave memory: it is unknown from then on, not absent. One with a layer stays. Returns whether it left. */
  forget(id: string): boolean
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

/** Makes an empty collection, with the reading side for everyone and the writing side for the kernel. */
export function createCollection<R extends Row = Row>(
  options: CollectionOptions,
): { readonly collection: Collection<R>; readonly writer: CollectionWriter } {
  const { name, columns = {}, onListenerError = throwLater, work = { rows: 0 } } = options
  const listeners = createListeners<CollectionChange>(onListenerError)
  let outputs: readonly Output[] = []
  let changed: Set<string> | 'all' | undefined
  let complete = false

  const rows = new LayeredRows(columns, work, (id) => {
    if (listeners.size === 0 || changed === 'all') return
    changed ??= new Set()
    changed.add(id)
  })
  const { slots } = rows
  const orders = createLiveOrders(rows, columns, work)
  const host: ViewHost = {
    get complete() {
      return complete
    },
    rows,
    columns,
    orders,
    show(output) {
      outputs = [...outputs, output]
      return () => {
        outputs = outputs.filter((other) => other !== output)
      }
    },
    onListenerError,
  }

  const writer: CollectionWriter = {
    begin(count = 0) {
      if (count < bulkRows || count * 4 < slots.used) return
      slots.reserve(count)
      rows.startBulk()
    },
    put: (id, row, stamp, version) => rows.put(id, row, stamp, version),
    remove: (id, stamp) => rows.remove(id, stamp?.seq ?? 0),
    verify(id, stamp) {
      const slot = slots.findAgain(id)
      if (slot >= 0) slots.verify(slot, stamp)
    },
    layer: (id, fold) => rows.layer(id, fold),
    setComplete(known) {
      if (known !== complete) changed ??= new Set()
      complete = known
    },
    settle() {
      rows.endBulk()
      for (const output of outputs) output.settle()
      orders.settled()
    },
    notify() {
      const ids = changed
      changed = undefined
      if (ids !== undefined) listeners.emit({ ids: ids === 'all' ? ids : [...ids] })
      for (const output of outputs) output.notify()
    },
    load(entries, stamp) {
      for (const [id, row, version] of entries) rows.put(id, row, stamp, version)
    },
    forget: (id) => rows.forget(id),
    clear() {
      changed = 'all'
      complete = false
      rows.startBulk()
      rows.clear()
    },
    changedSeq: (id) => rows.changedSeq(id),
    verifiedEpoch(id) {
      const slot = slots.findAgain(id)
      return slot < 0 ? 0 : slots.epoch(slot)
    },
    version(id) {
      const slot = slots.findAgain(id)
      return slot < 0 ? undefined : slots.version(slot)
    },
    *idsVerifiedBefore(epoch) {
      for (const [slot, id] of slots.ids.entries()) {
        if (id !== undefined && slots.epoch(slot) < epoch && rows.confirmedAt(slot) !== undefined) yield id
      }
    },
  }

  const collection: Collection = {
    name,
    columns,
    get size() {
      return rows.visible
    },
    get complete() {
      return complete
    },
    get: (id) => rows.get(id),
    confirmed: (id) => rows.confirmed(id),
    lookup(id) {
      const slot = slots.find(id)
      const row = slot < 0 ? undefined : slots.rows[slot]
      if (row !== undefined) return { kind: 'present', row }
      return { kind: slot >= 0 || complete || rows.knownAbsent(id) ? 'absent' : 'unknown' }
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
      for (const [id] of collection.entries()) yield id
    },
    *entries() {
      for (const [slot, id] of slots.ids.entries()) {
        const row = slots.rows[slot]
        if (id !== undefined && row !== undefined) yield [id, row]
      }
    },
    subscribe: (listener) => listeners.add(listener),
    view: (query = {}) => createView(host, query),
    aggregate: (query, spec) => createAggregate(host, query.filter, spec),
  }
  // The rows are what the source put there; R is the caller's word for them.
  return { collection: collection as unknown as Collection<R>, writer }
}

/** Below this a sort of everything saves nothing. */
const bulkRows = 64

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
