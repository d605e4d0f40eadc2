import { usageError, FreshetError, Tagged, type Row, type Value } from '@freshet/core'

/** Deepest nesting a row may have; deeper ones are refused, not cut [ST9]. */
export const maxDepth = 200

/** What a value is to a store. `plain`: null, boolean, number, bigint and text, which nobody can change. */
export type StorableKind = 'plain' | 'bytes' | 'date' | 'tagged' | 'array' | 'record'

/**
 * The kind of a value, or an error for what is not a value of the kernel:
 * `undefined`, functions, symbols, invalid dates, instances of classes.
 *
 * @throws {FreshetError} `storage/value` (usage): see the message.
 */
export function storableKind(value: Value): StorableKind {
  switch (typeof value) {
    case 'object':
      break
    case 'undefined':
    case 'function':
    case 'symbol':
      throw unstorable(`${typeof value}; leave it out or use null`)
    default:
      return 'plain'
  }
  if (value === null) return 'plain'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Tagged) return 'tagged'
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw unstorable('an invalid Date; use null')
    return 'date'
  }
  if (value instanceof Uint8Array) return 'bytes'
  if (isPlain(value)) return 'record'
  throw unstorable(`an instance of ${value.constructor.name}; make it a record`)
}

/** Plain also when made in another realm, where `Object.prototype` is another object. */
function isPlain(value: object): boolean {
  // `getPrototypeOf` is typed `any`; what it returns is an object or null.
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Refuses nesting that would exhaust the stack of this or another engine. */
export function assertDepth(depth: number): void {
  if (depth > maxDepth) throw unstorable(`nested deeper than ${maxDepth} levels; flatten it`)
}

function unstorable(what: string): FreshetError {
  return usageError('storage/value', what)
}

/**
 * Runs `encode` on a row, and names the record in the error when it cannot be kept.
 *
 * @throws {FreshetError} `storage/value` (usage).
 */
export function encodingRecord<T>(table: string, id: string, row: Row, encode: (row: Row) => T): T {
  try {
    if (storableKind(row) !== 'record') throw unstorable('a row is a record of values')
    return encode(row)
  } catch (error) {
    if (!(error instanceof FreshetError) || error.code !== 'storage/value') throw error
    const record = `Record ${JSON.stringify(id.slice(0, 100))} of table "${table}"`
    throw usageError('storage/value', `${record} cannot be stored: ${error.message}.`, error)
  }
}

/**
 * A copy that shares nothing mutable with the original; checks every value on the way.
 *
 * @param keep - What stands for a tagged value in the copy. Default: itself.
 */
export function copyRow(row: Row, keep: (tagged: Tagged) => Value = (tagged) => tagged): Row {
  return copyRecord(row, 1, keep)
}

/** @throws {FreshetError} `storage/value` (usage): see the message. */
export function assertStorable(value: Value): void {
  copyValue(value, 0, (tagged) => tagged)
}

function copyValue(value: Value, depth: number, keep: (tagged: Tagged) => Value): Value {
  assertDepth(depth)
  // The checked kinds are what the casts below say; TypeScript cannot follow the table.
  switch (storableKind(value)) {
    case 'array':
      // `Array.from` visits holes, which `map` would keep as holes.
      return Array.from(value as readonly Value[], (item) => copyValue(item, depth + 1, keep))
    case 'record':
      return copyRecord(value as Row, depth + 1, keep)
    case 'bytes':
      // A view would take its whole buffer along, and a Buffer its pool.
      return new Uint8Array(value as Uint8Array)
    case 'date':
      return new Date((value as Date).getTime())
    case 'tagged':
      return keep(value as Tagged)
    case 'plain':
      return value
  }
}

function copyRecord(record: Row, depth: number, keep: (tagged: Tagged) => Value): Row {
  const copy: Record<string, Value> = {}
  for (const [field, value] of Object.entries(record)) setField(copy, field, copyValue(value, depth, keep))
  return copy
}

/** Sets an own field whatever its name: assigning to `__proto__` would change the prototype [V5]. */
export function setField(record: Record<string, Value>, field: string, value: Value): void {
  if (field === '__proto__') {
    Object.defineProperty(record, field, { value, enumerable: true, configurable: true, writable: true })
  } else {
    record[field] = value
  }
}
