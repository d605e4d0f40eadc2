import { usageError, type StoreRange } from '@freshet/core'
import { orderKey } from './order-key.ts'

/** Keys from `from` on and before `before`; an absent end is open. */
export type KeyInterval = { readonly from: string | undefined; readonly before: string | undefined }

/**
 * The half-open interval of ids that a range asks for: between an id and the
 * same with NUL behind it there is no other.
 *
 * @throws {FreshetError} `storage/range` (usage).
 */
export function idInterval(range: StoreRange): KeyInterval {
  return between(range, idKey, '\0')
}

/**
 * The half-open interval of index keys that a range asks for. A bound is a
 * prefix: all keys with that prefix lie from the prefix on and before the prefix
 * followed by a unit that starts no value.
 *
 * @throws {FreshetError} `storage/value` (usage).
 */
export function indexInterval(range: StoreRange): KeyInterval {
  return between(range, orderKey, '~')
}

type Bound = NonNullable<StoreRange['lower']>

/** An empty list bounds nothing. */
function between(range: StoreRange, keyOf: (bound: Bound) => string, past: string): KeyInterval {
  const { lower, lowerInclusive = true, upper, upperInclusive = true } = range
  const end = (bound: Bound = [], isPast: boolean): string | undefined =>
    bound.length === 0 ? undefined : keyOf(bound) + (isPast ? past : '')
  return { from: end(lower, !lowerInclusive), before: end(upper, upperInclusive) }
}

function idKey([id, ...more]: Bound): string {
  if (typeof id === 'string' && more.length === 0) return id
  throw usageError('storage/range', 'A range by id takes one text as a bound; name an index for others.')
}

/** How many records a range may return. @throws {FreshetError} `storage/range` (usage). */
export function rangeLimit({ limit = Number.MAX_SAFE_INTEGER }: StoreRange): number {
  return wholeFrom(0, limit)
}

/** How many records a slice of a scan holds. @throws {FreshetError} `storage/range` (usage). */
export function checkedSliceRows(sliceRows: number): number {
  return wholeFrom(1, sliceRows)
}

function wholeFrom(least: number, count: number): number {
  if (Number.isSafeInteger(count) && count >= least) return count
  throw usageError('storage/range', `There are no ${count} records; ask for a whole number from ${least} on.`)
}
