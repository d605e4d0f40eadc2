import type { StoreRange } from '@freshet/core'
import { usageError } from './errors.ts'
import { orderKey } from './order-key.ts'

/** Keys from `from` on and before `before`; an absent end is open. */
export type KeyInterval = { readonly from: string | undefined; readonly before: string | undefined }

/**
 * The half-open interval of index keys that a range asks for; of ids, where it names no index.
 *
 * A bound of an index is a prefix: all keys with that prefix lie from the prefix
 * on and before the prefix followed by a unit that starts no value. Between an
 * id and the same with NUL behind it there is no other. An empty list bounds nothing.
 *
 * @throws {FreshetError} `storage/range`, `storage/value` (usage).
 */
export function keyInterval(range: StoreRange): KeyInterval {
  const { index, lower, lowerInclusive = true, upper, upperInclusive = true } = range
  const [keyOf, past] = index === undefined ? [idKey, '\0'] : [orderKey, '~']
  const end = (bound: StoreRange['lower'] = [], isPast: boolean): string | undefined =>
    bound.length === 0 ? undefined : keyOf(bound) + (isPast ? past : '')
  return { from: end(lower, !lowerInclusive), before: end(upper, upperInclusive) }
}

function idKey([id, ...more]: NonNullable<StoreRange['lower']>): string {
  if (typeof id === 'string' && more.length === 0) return id
  throw usageError(
    'storage/range',
    'A range by id takes one text as its bound. Name an index for other bounds.',
  )
}

/** How many records a range may return. @throws {FreshetError} `storage/range` (usage). */
export function rangeLimit({ limit = Number.MAX_SAFE_INTEGER }: StoreRange): number {
  return wholeFrom(0, limit, 'limit')
}

/** How many records a slice of a scan holds. @throws {FreshetError} `storage/range` (usage). */
export function checkedSliceRows(sliceRows: number): number {
  return wholeFrom(1, sliceRows, 'size of a slice')
}

function wholeFrom(least: number, count: number, what: string): number {
  if (Number.isSafeInteger(count) && count >= least) return count
  throw usageError('storage/range', `${count} is no ${what}. Give a whole number from ${least} on.`)
}
