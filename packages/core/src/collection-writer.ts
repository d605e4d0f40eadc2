import type { CollectionChange } from './collection.ts'
import type { Output } from './derived.ts'
import type { LayeredRows, LoadEntry, RowFold } from './layered-rows.ts'
import type { Listeners } from './listeners.ts'
import type { LiveOrders } from './live-orders.ts'
import type { Stamp, Version } from './row-slots.ts'
import type { Row } from './value.ts'

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

/** What the two sides of a collection share. */
export type CollectionState = {
  readonly rows: LayeredRows
  readonly orders: LiveOrders
  readonly listeners: Listeners<CollectionChange>
  /** Replaced and never changed in place. */
  outputs: readonly Output[]
  /** Ids to tell at the next `notify`; undefined when there is nothing to tell. */
  changed: Set<string> | 'all' | undefined
  complete: boolean
}

/** The writing side of a collection. */
export function createCollectionWriter(state: CollectionState): CollectionWriter {
  const { rows, orders, listeners } = state
  const { slots } = rows
  return {
    ...rowReads(rows),
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
    setComplete(complete) {
      if (complete !== state.complete) state.changed ??= new Set()
      state.complete = complete
    },
    settle() {
      rows.endBulk()
      for (const output of state.outputs) output.settle()
      orders.settled()
    },
    notify() {
      const { changed } = state
      state.changed = undefined
      if (changed !== undefined) listeners.emit({ ids: changed === 'all' ? changed : [...changed] })
      for (const output of state.outputs) output.notify()
    },
    load(entries, stamp) {
      for (const [id, row, version] of entries) rows.put(id, row, stamp, version)
    },
    forget: (id) => rows.forget(id),
    clear() {
      state.changed = 'all'
      state.complete = false
      rows.startBulk()
      rows.clear()
    },
  }
}

type RowReads = Pick<CollectionWriter, 'changedSeq' | 'verifiedEpoch' | 'version' | 'idsVerifiedBefore'>

function rowReads(rows: LayeredRows): RowReads {
  const { slots } = rows
  return {
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
}

/** Below this a sort of everything saves nothing. */
const bulkRows = 64
