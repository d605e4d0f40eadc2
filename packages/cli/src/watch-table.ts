import { valuesEqual, type Row, type Status, type ViewSnapshot } from '@freshet/core'
import type { LiveTable } from '@freshet/table'
import type { DbSession } from './db-session.ts'
import { rowToJson } from './json-value.ts'
import { valueText, visible } from './print-table.ts'
import { placeOf } from './registry.ts'

/** Prints the rows, then each change as it comes, until Ctrl-C. */
export async function watchTable(session: DbSession, table: LiveTable): Promise<number> {
  const { io, registry } = session
  const signal = io.interrupted()
  const view = table.view()
  const print = session.options.json ? jsonLine : textLine
  let shown: ReadonlyMap<string, Row> = new Map()

  const tell = (snapshot: ViewSnapshot): void => {
    const now = byId(snapshot)
    for (const change of changesBetween(shown, now)) io.out(print(change))
    shown = now
  }
  const place = placeOf(registry.connection)
  const tellState = createStateTeller(place, (line) => io.err(line))
  const offView = view.subscribe(tell)
  const offStatus = table.status.subscribe(tellState)
  tell(view.snapshot())
  tellState(table.status.get())
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  offView()
  offStatus()
  view.close()
  return 0
}

type RowChange =
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

function byId({ ids, rows }: ViewSnapshot): ReadonlyMap<string, Row> {
  return new Map(
    ids.flatMap((id, at): [string, Row][] => {
      const row = rows[at]
      return row === undefined ? [] : [[id, row]]
    }),
  )
}

function* changesBetween(
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

function jsonLine(change: RowChange): string {
  const { kind, id } = change
  return kind === 'removed' ? rowToJson({ kind, id }) : rowToJson({ kind, id, row: change.row })
}

function textLine(change: RowChange): string {
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

/** One line whenever the connection is lost or found. */
function createStateTeller(place: string, say: (line: string) => void): (status: Status) => void {
  let told: 'live' | 'lost' | undefined
  return ({ state, freshness }) => {
    const now = state === 'live' ? 'live' : state === 'retrying' || state === 'halted' ? 'lost' : told
    if (now === told) return
    if (now === 'live') say(told === 'lost' ? `Live again: ${place}` : `Live: ${place}. Ctrl-C ends.`)
    else if (now === 'lost') {
      say(
        `${place} is out of reach: ${freshness.lastError?.message ?? 'the connection was lost.'} Trying again.`,
      )
    }
    told = now
  }
}
