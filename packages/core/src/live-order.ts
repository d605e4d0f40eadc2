import type { Derived } from './derived.ts'
import { createOrderedRows, type OrderedRows, type WorkCounter } from './ordered-rows.ts'
import { compilePredicate, type Predicate } from './predicate.ts'
import type { Filter, OrderTerm } from './query.ts'
import { compileOrder, compileSortKey, type RowComparator } from './row-order.ts'
import type { RowSlots } from './row-slots.ts'
import type { ColumnTypes } from './schema.ts'
import type { Row } from './value.ts'

/**
 * The matches of a filter in an order, kept up to date row by row and shared by
 * all views of that filter and order.
 */
export class LiveOrder implements Derived {
  readonly order: OrderedRows
  /** Lowest rank that changed since the last settling; Infinity when none did. */
  changedFrom = Infinity
  /** How many ranks changed since then. */
  changes = 0
  /** What the last of them did to the ranks after it: moved them by one, or nothing. */
  shift: -1 | 0 | 1 = 0
  readonly #held: RowSlots
  readonly #matches: Predicate
  readonly #compare: RowComparator
  readonly #work: WorkCounter

  constructor(
    held: RowSlots,
    columns: ColumnTypes,
    filter: Filter | undefined,
    terms: readonly OrderTerm[] | undefined,
    work: WorkCounter,
  ) {
    this.#held = held
    this.#work = work
    this.#matches = compilePredicate(filter, columns)
    this.#compare = compileOrder(terms, columns)
    this.order = createOrderedRows(held, this.#compare, compileSortKey(terms, columns), work)
  }

  change(slot: number, before: Row | undefined, after: Row | undefined): void {
    this.#work.rows += 2
    const was = before !== undefined && this.#matches(before)
    const is = after !== undefined && this.#matches(after)
    // Most changes concern no given view: both miss, and nothing more is asked.
    if (!was && !is) return
    const id = this.#held.ids[slot] ?? ''
    if (was && is && this.#compare(before, id, after, id) === 0)
      return this.#touch(this.order.rank(slot, before), 0)
    if (was) this.#touch(this.order.remove(slot, before), -1)
    if (is) this.#touch(this.order.insert(slot), 1)
  }

  rebuild(): void {
    const slots: number[] = []
    this.#held.rows.forEach((row, slot) => {
      if (row !== undefined && this.#matches(row)) slots.push(slot)
    })
    this.#work.rows += this.#held.rows.length
    this.order.build(slots)
    this.changedFrom = 0
    this.changes = Infinity
  }

  /** Every view has taken note. */
  settled(): void {
    this.changedFrom = Infinity
    this.changes = 0
  }

  #touch(rank: number, shift: -1 | 0 | 1): void {
    if (rank < this.changedFrom) this.changedFrom = rank
    this.changes++
    this.shift = shift
  }
}
