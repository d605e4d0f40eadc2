import type { LayeredRows } from './layered-rows.ts'
import { LiveOrder } from './live-order.ts'
import type { WorkCounter } from './ordered-rows.ts'
import { orderText } from './order-text.ts'
import { maxFilterDepth } from './predicate.ts'
import type { Filter, OrderTerm } from './query.ts'

/** The live orders of a collection, one for each filter and order however many views hold it. */
export type LiveOrders = {
  acquire(filter: Filter | undefined, terms: readonly OrderTerm[] | undefined): LiveOrder
  release(order: LiveOrder): void
  /** Every holder has taken note of what changed. */
  settled(): void
}

export function createLiveOrders(rows: LayeredRows, work: WorkCounter): LiveOrders {
  let held: readonly Held[] = []
  return {
    acquire(filter, terms) {
      const key = keyOf(filter, terms)
      const known = held.find((entry) => entry.key === key)
      if (known !== undefined) {
        known.users++
        return known.order
      }
      const order = new LiveOrder(rows.slots, rows.columns, filter, terms, work)
      rows.follow(order)
      order.settled()
      held = [...held, { key, order, users: 1 }]
      return order
    },
    release(order) {
      const entry = held.find((other) => other.order === order)
      if (entry === undefined || --entry.users > 0) return
      held = held.filter((other) => other !== entry)
      rows.unfollow(order)
    },
    settled() {
      for (const { order } of held) order.settled()
    },
  }
}

/**
 * Never the same for two that could answer differently: to a filter, values of
 * one text are one value, and what lies deeper than a text reaches equals nothing.
 */
function keyOf(filter: Filter | undefined, terms: readonly OrderTerm[] | undefined): string {
  return orderText([filter ?? null, terms ?? null], -3 * maxFilterDepth)
}

type Held = { readonly key: string; readonly order: LiveOrder; users: number }
