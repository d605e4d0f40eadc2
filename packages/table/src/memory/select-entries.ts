import {
  compileOrder,
  compilePredicate,
  FreshetError,
  type Filter,
  type OrderTerm,
  type Query,
  type Row,
} from '@freshet/core'
import { unsupportedFilter } from '../master-errors.ts'
import { rowTypes } from '../master-schema.ts'
import type { MasterEntry, RowPage, TableSchema } from '../master.ts'

/** The window of a query over all rows of a table. */
export function selectEntries(schema: TableSchema, entries: Iterable<MasterEntry>, query: Query): RowPage {
  const matches = matching(schema, query.filter)
  const found = [...entries].filter(([, row]) => matches(row))
  found.sort(compareEntries(schema, query.order))
  const offset = query.offset ?? 0
  const end = query.limit === undefined ? undefined : offset + query.limit
  return { rows: found.slice(offset, end), total: found.length }
}

/** Sorts entries as core does: by the terms, then by id. */
export function compareEntries(
  schema: TableSchema,
  order: readonly OrderTerm[] | undefined,
): (a: MasterEntry, b: MasterEntry) => number {
  const compare = compileOrder(order, rowTypes(schema))
  return ([idA, rowA], [idB, rowB]) => compare(rowA, idA, rowB, idB)
}

/**
 * The condition as a function; no condition holds for every row.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function matching(schema: TableSchema, filter: Filter | undefined): (row: Row) => boolean {
  try {
    return compilePredicate(filter, rowTypes(schema))
  } catch (error) {
    if (error instanceof FreshetError && error.code === 'query/bad-filter')
      throw unsupportedFilter(error.message, error)
    throw error
  }
}
