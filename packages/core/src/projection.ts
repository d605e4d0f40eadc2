import type { Need } from './batch.ts'
import type { Row } from './value.ts'

/** Names a row across the tables of a replica. */
export type RowKey = { readonly table: string; readonly id: string }

/**
 * The rows of a replica as they will be, while one batch is worked out.
 *
 * Reads see the writes before them. Nothing is visible outside until the batch
 * has succeeded as a whole [S6].
 */
export interface Draft {
  get(table: string, id: string): Row | undefined
  put(table: string, id: string, row: Row): void
  delete(table: string, id: string): void
}

/**
 * Turns the facts of a log into rows.
 *
 * Its state *is* the rows, its own books included (in tables of their own), so
 * that undo, persistence and all-or-nothing come for free. `apply` must be a
 * pure function of draft and facts; facts are plain data.
 */
export interface Projection<F> {
  /** The rows a fact may touch; what waits holds back later batches with the same keys. */
  keys(fact: F): readonly RowKey[]
  /** What must be known first. Default nothing. */
  needs?(fact: F): readonly Need[]
  /**
   * Applies facts in their order.
   *
   * @throws when a fact is impossible; the batch is refused whole and the replica halts.
   */
  apply(draft: Draft, facts: readonly F[]): void
}
