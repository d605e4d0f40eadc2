import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { systemClock, systemRandom, uuidV7, type Row, type Value } from '@freshet/core'
import type { StudioTable } from '../data/studio-table.ts'
import { readEdit } from '../value/edit-text.ts'
import { fieldType } from '../value/field-type.ts'

export type DraftTexts = { readonly [field: string]: string }

export type DraftRowProps = {
  readonly table: StudioTable
  readonly fields: readonly string[]
  /** What to begin with: nothing, or what was refused. */
  readonly texts: DraftTexts
  readonly reasons: { readonly [field: string]: string }
  onAdd(id: string, row: Row): void
  onCancel(): void
}

/** A row to be added. Enter adds it, Escape lets it go. */
export function DraftRow({ table, fields, texts, reasons, onAdd, onCancel }: DraftRowProps) {
  const { schema } = table
  const [draft, setDraft] = useState(texts)
  const [isTaken, setIsTaken] = useState(false)
  const shown = isTaken ? { ...reasons, [schema.idField]: 'There is a row with this id already.' } : reasons
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const add = (): void => {
    const id = draft[schema.idField]?.trim() || uuidV7(systemRandom, systemClock.now())
    if (!table.has(id)) return onAdd(id, draftRow(table, draft))
    setIsTaken(true)
    first.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') onCancel()
    else if (event.key === 'Enter' && !(event.target instanceof HTMLButtonElement)) add()
    else return
    event.preventDefault()
  }
  return (
    <tr role="row" className="draft" onKeyDown={onKeyDown}>
      {fields.map((field) => (
        <td key={field} role="gridcell" className="cell">
          <input
            ref={field === schema.idField ? first : undefined}
            aria-label={`${field} of the new row`}
            aria-invalid={field in shown || undefined}
            title={shown[field]}
            placeholder={placeholder(field, table)}
            spellCheck={false}
            autoComplete="off"
            value={draft[field] ?? ''}
            onChange={(event) => {
              setDraft({ ...draft, [field]: event.target.value })
              setIsTaken(false)
            }}
          />
          {field in shown && <span className="reason">{shown[field]}</span>}
        </td>
      ))}
      <td role="gridcell" className="cell actions">
        <button type="button" className="primary" onClick={add}>
          Add
        </button>
        <button type="button" className="quiet" aria-label="Let the new row go" onClick={onCancel}>
          ✕
        </button>
      </td>
    </tr>
  )
}

function placeholder(field: string, { schema }: StudioTable): string {
  return field === schema.idField ? 'optional' : fieldType(schema, field)
}

/** Only fields in which something was typed: the database fills in its defaults for the others. */
function draftRow({ schema }: StudioTable, draft: DraftTexts): Row {
  const entries = Object.entries(draft).flatMap(([field, text]): (readonly [string, Value])[] => {
    if (field === schema.idField || text === '') return []
    const edited = readEdit(text, fieldType(schema, field))
    return edited.kind === 'set' ? [[field, edited.value]] : []
  })
  return Object.fromEntries(entries)
}
