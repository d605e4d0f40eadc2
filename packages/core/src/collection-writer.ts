import type { CollectionChange } from './collection.ts'
import type { Output } from './derived.ts'
import { createLayeredRows, type LayeredRows, type LoadEntry, type RowFold } from './layered-rows.ts'
import { createListeners, type Listeners } from './listeners.ts'
import { createLiveOrders, type LiveOrders } from './live-orders.ts'
import type { WorkCounter } from './ordered-rows.ts'
import type { RowSlots, Stamp, Version } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
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
  readonly slots: RowSlots
  /** The confirmed row in a slot, which a layer may hide. */
  confirmedAt(slot: number): Row | undefined
}

/** The rows of a collection with all that is kept up to date with them: what its two sides share. */
export type CollectionRows = LayeredRows &
  CollectionWriter & {
    readonly listeners: Listeners<CollectionChange>
    readonly orders: LiveOrders
    isComplete(): boolean
    onListenerError(error: unknown): void
    /** Tells an output of every batch from now on. Returns how to stop. */
    show(output: Output): () => void
  }

export function createCollectionRows(
  columns: ColumnTypes,
  work: WorkCounter,
  onListenerError: (error: unknown) => void,
): CollectionRows {
  const listeners = createListeners<CollectionChange>(onListenerError)
  let complete = false
  /** Replaced and never changed in place. */
  let outputs: readonly Output[] = []
  /**
   * Ids to tell at the next `notify`; undefined when there is nothing to tell. Made distinct only
   * where they may not be: a set of 100,000 ids costs half as much as all else that is done to their rows.
   */
  let changed: string[] | 'all' | undefined
  let mayRepeat = false
  const noteChanged = (id: string, repeats: boolean): void => {
    if (listeners.size === 0 || changed === 'all') return
    changed ??= []
    changed.push(id)
    if (repeats) mayRepeat = true
  }
  const rows = createLayeredRows(columns, work, noteChanged)
  const orders = createLiveOrders(rows, work)

  return {
    ...rows,
    isComplete: () => complete,
    listeners,
    orders,
    onListenerError,
    show(output) {
      outputs = [...outputs, output]
      return () => {
        outputs = outputs.filter((other) => other !== output)
      }
    },
    begin(count = 0) {
      // A batch before is not told yet.
      mayRepeat = changed !== undefined
      if (count < bulkRows || count * 4 < rows.slots.used()) return
      rows.slots.reserve(count)
      rows.startBulk()
    },
    setComplete(isComplete) {
      if (isComplete !== complete) changed ??= []
      complete = isComplete
    },
    settle() {
      rows.endBulk()
      for (const output of outputs) output.settle()
      orders.settled()
    },
    notify() {
      const told = changed
      changed = undefined
      if (told) {
        const isDistinct = told === 'all' || told.length < 2 || !mayRepeat
        listeners.emit({ ids: isDistinct ? told : [...new Set(told)] })
      }
      for (const output of outputs) output.notify()
    },
    load(entries, stamp) {
      for (const [id, row, version] of entries) rows.put(id, row, stamp, version)
    },
    clear() {
      changed = 'all'
      complete = false
      rows.startBulk()
      rows.clear()
    },
  }
}

/** Below this a sort of everything saves nothing. */
const bulkRows = 64
