import { valuesEqual, type Row, type ViewSnapshot } from '@freshet/core'
import { rowToJson } from './json-value.ts'
import { valueText, visible } from './print-table.ts'

/** What became of a row between two results. */
export type RowChange =
  | { readonly kind: 'inserted'; readonly id: string; readonly row: Row }
  | {
      readonly kind: 'changed'
      readonly id: string
      readonly row: Row
      readonly fields: readonly FieldChange[]
    }
  | { readonly kind: 'removed'; readonly id: string }

type FieldChange = {
  readonly field: string
  readonly before: Row[string] | undefined
  readonly after: Row[string] | undefined
}

/** The rows of a result by their ids. */
export function byId({ ids, rows }: Pick<ViewSnapshot, 'ids' | 'rows'>): ReadonlyMap<string, Row> {
  return new Map(
    ids.flatMap((id, at): [string, Row][] => {
      const row = rows[at]
      return row === undefined ? [] : [[id, row]]
    }),
  )
}

/** What to do to one result to get the other. */
export function* changesBetween(
  before: ReadonlyMap<string, Row>,
  after: ReadonlyMap<string, Row>,
): Generator<RowChange> {
  for (const id of before.keys()) if (!after.has(id)) yield { kind: 'removed', id }
  for (const [id, row] of after) {
    const old = before.get(id)
    if (old === undefined) yield { kind: 'inserted', id, row }
    else if (old !== row) yield { kind: 'changed', id, row, fields: changedFields(old, row) }
  }
}

function changedFields(before: Row, after: Row): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .map((field): FieldChange => ({ field, before: before[field], after: after[field] }))
    .filter((change) => {
      if (change.before === undefined || change.after === undefined) return change.before !== change.after
      return !valuesEqual(change.before, change.after)
    })
}

/** A change as one JSON document. */
export function jsonLine(change: RowChange): string {
  const { kind, id } = change
  return kind === 'removed' ? rowToJson({ kind, id }) : rowToJson({ kind, id, row: change.row })
}

/** A change as one line for a person. */
export function textLine(change: RowChange): string {
  const id = visible(change.id)
  switch (change.kind) {
    case 'inserted':
      return `+ ${id}  ${visible(rowToJson(change.row))}`
    case 'removed':
      return `- ${id}`
    case 'changed':
      return `~ ${id}  ${change.fields.map(fieldText).join(', ')}`
  }
}

function fieldText({ field, before, after }: FieldChange): string {
  const text = (value: Row[string] | undefined): string =>
    value === undefined || value === null ? 'None' : visible(valueText(value))
  return `${visible(field)}: ${text(before)} → ${text(after)}`
}
