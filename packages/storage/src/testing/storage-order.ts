import { compareValues, type Value } from '@freshet/core'

/** The order of stored values [ST6]: the kernel's own, but for null, which comes first. */
export function storageOrder(a: Value, b: Value): number {
  return Number(b === null) - Number(a === null) || compareValues(a, b)
}
