import type { CollectionChange } from './collection.ts'
import type { Output } from './derived.ts'
import { LayeredRows, type LoadEntry, type RowFold } from './layered-rows.ts'
import { createListeners, type Listeners } from './listeners.ts'
import { createLiveOrders, type LiveOrders } from './live-orders.ts'
import type { WorkCounter } from './ordered-rows.ts'
import type { Stamp, Version } from './row-slots.ts'
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
  idsVerifiedBefore(epoch: number): IterableIterator<string>
}

/** The rows of a collection with all that is kept up to date with them: what its two sides share. */
export class CollectionRows extends LayeredRows implements CollectionWriter {
  readonly listeners: Listeners<CollectionChange>
  readonly orders: LiveOrders
  readonly onListenerError: (error: unknown) => void
  complete = false
  /** Replaced and never changed in place. */
  #outputs: readonly Output[] = []
  /**
   * Ids to tell at the next `notify`; undefined when there is nothing to tell. Made distinct only
   * where they may not be: a set of 100,000 ids costs half as much as all else that is done to their rows.
   */
  #changed: string[] | 'all' | undefined
  #mayRepeat = false

  constructor(columns: ColumnTypes, work: WorkCounter, onListenerError: (error: unknown) => void) {
    super(columns, work)
    this.onListenerError = onListenerError
    this.listeners = createListeners(onListenerError)
    this.orders = createLiveOrders(this, work)
  }

  /** Tells an output of every batch from now on. Returns how to stop. */
  show(output: Output): () => void {
    this.#outputs = [...this.#outputs, output]
    return () => {
      this.#outputs = this.#outputs.filter((other) => other !== output)
    }
  }

  begin(count = 0): void {
    // A batch before is not told yet.
    this.#mayRepeat = this.#changed !== undefined
    if (count < bulkRows || count * 4 < this.slots.used) return
    this.slots.reserve(count)
    this.startBulk()
  }

  setComplete(complete: boolean): void {
    if (complete !== this.complete) this.#changed ??= []
    this.complete = complete
  }

  settle(): void {
    this.endBulk()
    for (const output of this.#outputs) output.settle()
    this.orders.settled()
  }

  notify(): void {
    const changed = this.#changed
    this.#changed = undefined
    if (changed !== undefined) {
      const isDistinct = changed === 'all' || changed.length < 2 || !this.#mayRepeat
      this.listeners.emit({ ids: isDistinct ? changed : [...new Set(changed)] })
    }
    for (const output of this.#outputs) output.notify()
  }

  load(entries: readonly LoadEntry[], stamp: Stamp): void {
    for (const [id, row, version] of entries) this.put(id, row, stamp, version)
  }

  override clear(): void {
    this.#changed = 'all'
    this.complete = false
    this.startBulk()
    super.clear()
  }

  protected override noteChanged(id: string, mayRepeat: boolean): void {
    if (this.listeners.size === 0 || this.#changed === 'all') return
    this.#changed ??= []
    this.#changed.push(id)
    if (mayRepeat) this.#mayRepeat = true
  }
}

/** Below this a sort of everything saves nothing. */
const bulkRows = 64
