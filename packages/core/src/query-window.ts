import { usageError } from './errors.ts'
import type { Query } from './query.ts'

/**
 * The window of a query with nothing left out.
 *
 * @throws {FreshetError} `query/bad-window`.
 */
export function queryWindow(query: Query): { readonly offset: number; readonly limit: number } {
  const { offset = 0, limit = Infinity } = query
  const valid = (count: number): boolean => count === Infinity || (Number.isSafeInteger(count) && count >= 0)
  if (valid(limit) && Number.isSafeInteger(offset) && offset >= 0) return { offset, limit }
  throw usageError(
    'query/bad-window',
    `Offset ${offset} and limit ${limit} are no window; ask for whole numbers from 0 on.`,
  )
}
