import type { Output } from './derived.ts'
import type { LayeredRows } from './layered-rows.ts'
import type { LiveOrders } from './live-orders.ts'
import type { ColumnTypes } from './schema.ts'

/** What a live result needs of its collection. */
export type ViewHost = {
  readonly complete: boolean
  readonly rows: LayeredRows
  readonly columns: ColumnTypes
  readonly orders: LiveOrders
  /** Tells an output of every batch from now on. Returns how to stop. */
  show(output: Output): () => void
  onListenerError(error: unknown): void
}

/** By collection, for live results that an application imports by themselves. */
export const viewHosts = new WeakMap<object, ViewHost>()
