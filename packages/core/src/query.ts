import type { Value } from './value.ts'

/**
 * A condition on a row. `field` is a name or a dotted path into nested records.
 *
 * Two-valued: `neq` is exactly `not eq`. An absent field counts as `null`; an
 * order comparison with `null` or between incomparable types is false.
 * `contains` holds for a text that has this one in it, whatever the case of its
 * letters, and for nothing that is no text.
 */
export type Filter =
  | { readonly op: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte'; readonly field: string; readonly value: Value }
  | { readonly op: 'contains'; readonly field: string; readonly value: string }
  | { readonly op: 'in'; readonly field: string; readonly values: readonly Value[] }
  | { readonly op: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter }

/** One sort term. `null` and absent come last in both directions. */
export type OrderTerm = { readonly field: string; readonly direction: 'asc' | 'desc' }

/**
 * A filter, an order and a window. Ties, and everything when no order is given,
 * are broken by row id ascending, so that a result has exactly one order.
 */
export type Query = {
  readonly filter?: Filter | undefined
  readonly order?: readonly OrderTerm[] | undefined
  /** Rows to skip. Default 0. */
  readonly offset?: number | undefined
  /** Rows to keep. Default all. */
  readonly limit?: number | undefined
}
