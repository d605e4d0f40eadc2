import { Tagged, type Value } from '@freshet/core'

/**
 * Whether two values are exactly the same: types, `-0`, field names and their
 * order, own fields named `__proto__`, and plain prototypes.
 */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  if (a instanceof Tagged && b instanceof Tagged) return a.tag === b.tag && a.text === b.text
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at])
  }
  const fields = Object.keys(a)
  const others = Object.keys(b)
  if (fields.length !== others.length) return false
  return fields.every((field, at) => others[at] === field && sameValue(own(a, field), own(b, field)))
}

function own(holder: object, field: string): Value | undefined {
  // Holders here are arrays or records of values; a descriptor reads `__proto__` as a plain field.
  return Object.getOwnPropertyDescriptor(holder, field)?.value as Value | undefined
}
