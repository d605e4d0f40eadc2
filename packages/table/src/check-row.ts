import { FreshetError, isRecord, Tagged, type Row, type Value } from '@freshet/core'
import type { Patch } from './master.ts'
import { unstorable } from './master-errors.ts'

/** Deepest nesting of arrays and records that a row may have. Deeper ones cost backends their stack. */
const maxDepth = 64

/**
 * A copy of the row that shares nothing mutable with it, with its id in place.
 *
 * Own fields are kept under whatever name they have, `__proto__` too [V5].
 *
 * @throws {FreshetError} `table/unstorable`: something that is no `Value`, or deeper than `maxDepth`.
 * @throws {FreshetError} `table/id-mismatch`: the row carries another id.
 */
export function checkRow(row: Row, idField: string, id: string): Row {
  assertText(id)
  const copy = copyFields(row, '', 0)
  assertOwnId(copy, idField, id)
  return { [idField]: id, ...copy }
}

export type CheckedPatch = { readonly set: Row; readonly unset: readonly string[] }

/**
 * A patch whose fields are checked and copied like those of a row, without the id field.
 *
 * A field that is both set and removed is set.
 */
export function checkPatch(patch: Patch, idField: string, id: string): CheckedPatch {
  assertText(id)
  // What a page or a file hands over is not typed.
  const given: Patch | null | undefined = patch
  const set = copyFields(given?.set ?? noRecord('the patch'), '', 0)
  assertOwnId(set, idField, id)
  const unset = patch.unset ?? []
  if (unset.includes(idField)) throw idMismatch(idField, id)
  return {
    set: withoutField(set, idField),
    unset: unset.filter((field) => !Object.hasOwn(set, field)),
  }
}

/** A copy of the row without one field. */
export function withoutField(row: Row, field: string): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== field))
}

/** @throws {FreshetError} `table/unstorable`: no `Value`, or deeper than `maxDepth`. */
function copyValue(value: Value, path: string, depth = 0): Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (typeof value !== 'object') throw unstorable(path, `${typeof value} is no value of a row`)
  if (value instanceof Tagged) return value
  if (value instanceof Date) return copyDate(value, path)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (depth >= maxDepth) throw unstorable(path, `it is nested more than ${maxDepth} levels deep`)
  if (Array.isArray(value)) {
    // Array.isArray widens a readonly array of values to any[].
    const items = value as readonly Value[]
    return Array.from(items, (item, index) => copyValue(item, `${path}[${index}]`, depth + 1))
  }
  if (!isRecord(value)) throw unstorable(path, 'it is not a plain record')
  return copyFields(value, path, depth + 1)
}

function noRecord(what: string): never {
  throw unstorable(what, 'it is not a plain record')
}

function assertText(id: string): void {
  if (typeof id !== 'string') throw unstorable('the id', 'it is no text')
}

function copyFields(row: Row, path: string, depth: number): Row {
  const given: Row | null | undefined = row
  const prototype: unknown = Object.getPrototypeOf(given ?? noRecord('the row'))
  if (prototype !== Object.prototype && prototype !== null) {
    throw unstorable(path === '' ? 'the row' : path, 'it is not a plain record')
  }
  const prefix = path === '' ? '' : `${path}.`
  // fromEntries defines own fields; an assignment would take `__proto__` for the prototype.
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [field, copyValue(value, `${prefix}${field}`, depth)]),
  )
}

function copyDate(value: Date, path: string): Date {
  if (Number.isNaN(value.getTime())) throw unstorable(path, 'it is an invalid date')
  return new Date(value)
}

function assertOwnId(row: Row, idField: string, id: string): void {
  if (!Object.hasOwn(row, idField) || row[idField] === id) return
  throw idMismatch(idField, id)
}

function idMismatch(idField: string, id: string): FreshetError {
  return new FreshetError({
    code: 'table/id-mismatch',
    kind: 'usage',
    message: `The write to row ${JSON.stringify(id)} gives it another id in ${idField}. Leave that field out.`,
  })
}
