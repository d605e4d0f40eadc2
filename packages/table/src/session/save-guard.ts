import {
  valuesEqual,
  type ColumnTypes,
  type DraftRecord,
  type Maybe,
  type RecordChange,
  type RecordConflict,
  type Row,
} from '@freshet/core'
import type { Guard } from '../master.ts'

/**
 * What a save demands of the stored row.
 *
 * - `fields`: the fields that are written are as the session has seen them.
 * - `version`: the whole record is. A column that each write changes, such as a version, is part of it.
 * - `none`: nothing; the last write wins.
 */
export type SaveGuard = 'fields' | 'version' | 'none'

type Shape = { readonly columns: ColumnTypes; readonly idField: string }

export function guardOf(
  guard: SaveGuard,
  sent: RecordChange,
  snapshot: Row | undefined,
  { columns, idField }: Shape,
): Guard | undefined {
  if (guard === 'none') return undefined
  if (guard === 'fields') return sent.expect
  const fields = new Set([...Object.keys(columns), ...Object.keys(snapshot ?? {})])
  fields.delete(idField)
  return Object.fromEntries([...fields].map((field) => [field, own(snapshot, field)]))
}

/** What a draft is to save of the fields that are modified, with the values they had when the save was asked for. */
export function changeAsOf(asOf: Row, draft: DraftRecord, shape: Shape): RecordChange {
  const { expect } = draft.change()
  const fields = Object.keys(expect).filter((field) => differs(own(asOf, field), expect[field], field, shape))
  const values = fields.map((field) => [field, own(asOf, field)] as const)
  return {
    set: Object.fromEntries(
      values.flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])),
    ),
    unset: values.flatMap(([field, value]) => (value === undefined ? [field] : [])),
    expect: Object.fromEntries(fields.map((field) => [field, expect[field]])),
  }
}

/** The fields of a record that another one of the same id has otherwise, as conflicts without a base. */
export function differences(mine: Row, theirs: Row, { columns, idField }: Shape): readonly RecordConflict[] {
  const differs = (field: string): boolean =>
    field !== idField &&
    !valuesEqual(own(mine, field), own(theirs, field), Object.hasOwn(columns, field) ? columns[field] : 'any')
  return Object.keys(mine)
    .filter(differs)
    .map((field) => ({ field, base: undefined, local: own(mine, field), remote: own(theirs, field) }))
}

export function own(row: Row | undefined, field: string): Maybe {
  return row && Object.hasOwn(row, field) ? row[field] : undefined
}
