import type { LayeredRows } from './layered-rows.ts'
import { LiveOrder } from './live-order.ts'
import type { WorkCounter } from './ordered-rows.ts'
import type { Filter, OrderTerm } from './query.ts'
import { filterKey, orderKey } from './query-key.ts'
import type { ColumnTypes } from './schema.ts'

/** The live orders of a collection, one for each filter and order however many views hold it. */
export type LiveOrders = {
  acquire(filter: Filter | undefined, terms: readonly OrderTerm[] | undefined): LiveOrder
  release(order: LiveOrder): void
  /** Every holder has taken note of what changed. */
  settled(): void
}

export function createLiveOrders(rows: LayeredRows, columns: ColumnTypes, work: WorkCounter): LiveOrders {
  const held = new Map<string, { readonly order: LiveOrder; users: number }>()
  return {
    acquire(filter, terms) {
      const key = `${filterKey(filter)}|${orderKey(terms)}`
      let entry = held.get(key)
      if (entry === undefined) {
        entry = { order: new LiveOrder(rows.slots, columns, filter, terms, work), users: 0 }
        entry.order.rebuild()
        entry.order.changedFrom = Infinity
        rows.derived.add(entry.order)
        held.set(key, entry)
      }
      entry.users++
      return entry.order
    },
    release(order) {
      for (const [key, entry] of held) {
        if (entry.order !== order || --entry.users > 0) continue
        held.delete(key)
        rows.derived.delete(order)
      }
    },
    settled() {
      for (const { order } of held.values()) order.changedFrom = Infinity
    },
  }
}
