import { patchRow, valuesEqual, type Maybe, type Operation, type Row } from '@freshet/core'
import { guardHolds } from './guard.ts'
import { columnType } from './master-schema.ts'
import type { Guard, TableSchema } from './master.ts'
import { readRequest, requestRecord, rowEditOf, type RowRequest } from './write-request.ts'

/**
 * The one write that does what two do that follow each other, of which nothing
 * has been sent [W9]: patches of a row become one, an insert takes up the
 * patches behind it, a delete makes what comes before it needless, and an insert
 * with its delete is nothing. Never where the second one is guarded otherwise
 * than the first: each is judged by its own guard then.
 */
export function mergeOperations(
  first: Operation,
  next: Operation,
  schema: TableSchema,
): Operation | 'nothing' | undefined {
  const [before, after] = [readRequest(first), readRequest(next)]
  if (!('id' in before) || !('id' in after) || before.id !== after.id) return undefined
  const merged = mergeRequests(before, after, schema)
  if (typeof merged !== 'object') return merged
  const edits = first.edits.map((edited) => ({ ...edited, edit: rowEditOf(merged) }))
  return { ...first, request: requestRecord(merged), edits }
}

export function mergeRequests(
  first: RowRequest,
  next: RowRequest,
  schema: TableSchema,
): RowRequest | 'nothing' | undefined {
  if (next.op !== 'patch' && next.op !== 'delete') return undefined
  if (first.op === 'insert') {
    if (!guardHolds(next.expect, first.row, schema)) return undefined
    return next.op === 'delete' ? 'nothing' : { ...first, row: patchRow(first.row, next.set, next.unset) }
  }
  if (!isSameGuard(first, next.expect, schema)) return undefined
  if (next.op === 'delete') return { op: 'delete', id: first.id, expect: first.expect }
  return first.op === 'patch' ? { ...first, ...mergePatches(first, next) } : undefined
}

/** Whether the second guard is the first one, moved through the first write. */
function isSameGuard(first: GuardedRequest, expect: Guard | undefined, schema: TableSchema): boolean {
  if (first.expect === undefined || expect === undefined) return first.expect === expect
  const fields = new Set([...Object.keys(first.expect), ...Object.keys(expect)])
  return [...fields].every((field) => {
    if (!Object.hasOwn(first.expect ?? {}, field) || !Object.hasOwn(expect, field)) return false
    return isSame(valueAfter(first, field), expect[field], schema, field)
  })
}

/** What a write leaves in a field its guard names. */
function valueAfter(request: GuardedRequest, field: string): Maybe {
  switch (request.op) {
    case 'replace':
      return own(request.row, field)
    case 'patch':
      if (request.unset.includes(field)) return undefined
      return Object.hasOwn(request.set, field) ? request.set[field] : request.expect?.[field]
    case 'delete':
      return undefined
  }
}

function mergePatches(first: PatchRequest, next: PatchRequest): Pick<PatchRequest, 'set' | 'unset'> {
  const unset = [...first.unset.filter((field) => !Object.hasOwn(next.set, field)), ...next.unset]
  return { set: patchRow(first.set, next.set, next.unset), unset: [...new Set(unset)] }
}

function isSame(a: Maybe, b: Maybe, schema: TableSchema, field: string): boolean {
  if (a === undefined || b === undefined) return a === b
  return valuesEqual(a, b, columnType(schema, field))
}

function own(row: Row, field: string): Maybe {
  return Object.hasOwn(row, field) ? row[field] : undefined
}

type GuardedRequest = Exclude<RowRequest, { readonly op: 'insert' }>
type PatchRequest = Extract<RowRequest, { readonly op: 'patch' }>
