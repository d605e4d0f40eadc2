import type { StoreRange } from '@freshet/core'
import { usageError } from './errors.ts'
import { orderKey } from './order-key.ts'

/** Index keys from `from` on and before `before`; an absent end is open. */
export type KeyInterval = { readonly from: string | undefined; readonly before: string | undefined }

/**
 * The half-open interval of index keys a range asks for.
 *
 * A bound is a prefix, and every key with that prefix lies from the prefix
 * itself up to the prefix followed by a unit that starts no value.
 */
export function keyInterval(range: StoreRange): KeyInterval {
  const lower = boundKey(range.lower)
  const upper = boundKey(range.upper)
  return {
    from: lower && lower + (range.lowerInclusive === false ? pastAll : ''),
    before: upper && upper + (range.upperInclusive === false ? '' : pastAll),
  }
}

const pastAll = '~'

/** An empty list bounds nothing, whether inclusive or not. */
function boundKey(bound: StoreRange['lower']): string | undefined {
  return bound === undefined || bound.length === 0 ? undefined : orderKey(bound)
}

/** The one bound of a range by id, if there is one. An empty list bounds nothing. */
export function idBound(bound: StoreRange['lower']): string | undefined {
  const [id, ...more] = bound ?? []
  if (id === undefined) return undefined
  if (typeof id === 'string' && more.length === 0) return id
  throw usageError(
    'storage/range',
    'A range by id takes one text as its bound. Name an index for other bounds.',
  )
}

/** How many records a range may return. @throws {FreshetError} `storage/range` (usage). */
export function rangeLimit(range: StoreRange): number {
  const limit = range.limit ?? Number.MAX_SAFE_INTEGER
  if (Number.isSafeInteger(limit) && limit >= 0) return limit
  throw usageError('storage/range', `A limit of ${limit} means nothing. Give a whole number from 0 on.`)
}

/** How many records a slice of a scan holds. @throws {FreshetError} `storage/range` (usage). */
export function checkedSliceRows(sliceRows: number): number {
  if (Number.isSafeInteger(sliceRows) && sliceRows >= 1) return sliceRows
  throw usageError(
    'storage/range',
    `Slices of ${sliceRows} records mean nothing. Give a whole number from 1 on.`,
  )
}
