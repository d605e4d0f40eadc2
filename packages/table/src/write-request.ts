import {
  FreshetError,
  isRecord,
  type Filter,
  type Operation,
  type Row,
  type RowEdit,
  type Value,
} from '@freshet/core'
import type { Guard } from './master.ts'

/** A write as it waits in the outbox: plain data, so that it survives a restart. */
export type WriteRequest =
  | { readonly op: 'insert'; readonly id: string; readonly row: Row }
  | { readonly op: 'replace'; readonly id: string; readonly row: Row; readonly expect: Guard | undefined }
  | {
      readonly op: 'patch'
      readonly id: string
      readonly set: Row
      readonly unset: readonly string[]
      readonly expect: Guard | undefined
    }
  | { readonly op: 'delete'; readonly id: string; readonly expect: Guard | undefined }
  | { readonly op: 'deleteAll'; readonly filter: Filter | undefined }
  | { readonly op: 'insertReturnId'; readonly row: Row }

/** A write of one row whose id is known. */
export type RowRequest = Exclude<WriteRequest, { readonly op: 'deleteAll' | 'insertReturnId' }>

/** How such a write shows until it is confirmed. */
export function rowEditOf(request: RowRequest): RowEdit {
  switch (request.op) {
    case 'insert':
    case 'replace':
      return { kind: request.op, row: request.row }
    case 'patch':
      return { kind: 'patch', set: request.set, unset: request.unset }
    case 'delete':
      return { kind: 'delete' }
  }
}

/** The request as a record of the store. A guard's absent fields are kept by name, for no store keeps `undefined`. */
export function requestRecord(request: WriteRequest): Row {
  switch (request.op) {
    case 'insert':
    case 'insertReturnId':
      return request
    case 'deleteAll':
      // A filter is plain data by its type.
      return { op: request.op, ...(request.filter && { filter: request.filter as unknown as Row }) }
    case 'replace':
    case 'patch':
    case 'delete': {
      const { expect, ...rest } = request
      if (expect === undefined) return rest
      const fields = Object.entries(expect)
      return {
        ...rest,
        expect: Object.fromEntries(
          fields.flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])),
        ),
        absent: fields.flatMap(([field, value]) => (value === undefined ? [field] : [])),
      }
    }
  }
}

/** @throws {FreshetError} `table/bad-operation` when the record is not one of ours. */
export function readRequest({ operationId, request }: Operation): WriteRequest {
  const { op, id, row, set, unset, filter } = request
  const expect = readGuard(request)
  if (op === 'insertReturnId' && isRecord(row)) return { op, row }
  // Written by requestRecord from a filter.
  if (op === 'deleteAll') return { op, filter: filter as unknown as Filter | undefined }
  if (typeof id === 'string') {
    if (op === 'insert' && isRecord(row)) return { op, id, row }
    if (op === 'replace' && isRecord(row)) return { op, id, row, expect }
    if (op === 'patch' && isRecord(set)) return { op, id, set, unset: texts(unset), expect }
    if (op === 'delete') return { op, id, expect }
  }
  throw new FreshetError({
    code: 'table/bad-operation',
    kind: 'storage',
    message: `Operation ${operationId} of the outbox is not a write this version knows; discard it.`,
  })
}

function readGuard({ expect, absent }: Row): Guard | undefined {
  if (!isRecord(expect)) return undefined
  return Object.fromEntries([
    ...Object.entries(expect),
    ...texts(absent).map((field): [string, undefined] => [field, undefined]),
  ])
}

function texts(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
