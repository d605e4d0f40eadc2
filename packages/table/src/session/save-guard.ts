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

/** What fields held, and were based on, before they were typed into while a save was under way. */
export type Frozen = Map<string, { readonly local: Maybe; readonly base: Maybe }>

/**
 * What a draft is to save, without what was typed since the save was asked for:
 * such a field is sent as it was then, while it is still based on the same.
 */
export function changeWithout(frozen: Frozen, draft: DraftRecord, shape: Shape): RecordChange {
  const { expect } = draft.change()
  const values = Object.keys(expect).flatMap((field): readonly (readonly [string, Maybe])[] => {
    const before = frozen.get(field)
    if (!before) return [[field, draft.get(field)]]
    const isSent =
      !differs(before.base, expect[field], field, shape) && differs(before.local, before.base, field, shape)
    return isSent ? [[field, before.local]] : []
  })
  return {
    set: Object.fromEntries(
      values.flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])),
    ),
    unset: values.flatMap(([field, value]) => (value === undefined ? [field] : [])),
    expect: Object.fromEntries(values.map(([field]) => [field, expect[field]])),
  }
}

/** The fields of a record that another one of the same id has otherwise, as conflicts without a base. */
export function differences(
  mine: { readonly [field: string]: Maybe },
  theirs: Row,
  shape: Shape,
): readonly RecordConflict[] {
  return Object.keys(mine)
    .filter((field) => field !== shape.idField)
    .filter((field) => differs(mine[field], own(theirs, field), field, shape))
    .map((field) => ({ field, base: undefined, local: mine[field], remote: own(theirs, field) }))
}

function differs(a: Maybe, b: Maybe, field: string, { columns }: Shape): boolean {
  return !valuesEqual(a, b, Object.hasOwn(columns, field) ? columns[field] : 'any')
}

export function own(row: Row | undefined, field: string): Maybe {
  return row && Object.hasOwn(row, field) ? row[field] : undefined
}
