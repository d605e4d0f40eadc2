import { useState } from 'react'
import { valuesEqual, type ColumnType, type Maybe } from '@freshet/core'
import { editText, readEdit } from '../value/edit-text.ts'

export type FieldEditorProps = {
  readonly id: string
  readonly type: ColumnType
  readonly value: Maybe
  readonly isInvalid: boolean
  readonly describedBy: string | undefined
  onEdit(value: Maybe): void
}

/** A value as text, which is a new value with every key. */
export function FieldEditor({ id, type, value, isInvalid, describedBy, onEdit }: FieldEditorProps) {
  // As it was typed, while it still means the value: `1.` is on its way to 1.5.
  const [typed, setTyped] = useState<{ readonly text: string; readonly value: Maybe }>()
  const text =
    typed !== undefined && valuesEqual(typed.value, value, type) ? typed.text : editText(value, type)
  const onText = (next: string): void => {
    const edited = readEdit(next, type)
    const read = edited.kind === 'set' ? edited.value : undefined
    setTyped({ text: next, value: read })
    onEdit(read)
  }
  const shared = {
    id,
    className: 'field-editor',
    value: text,
    'aria-invalid': isInvalid || undefined,
    'aria-describedby': describedBy,
    spellCheck: false,
  }
  if (type === 'bool' && (value === undefined || value === null || typeof value === 'boolean')) {
    return (
      <select {...shared} onChange={(event) => onText(event.target.value)}>
        <option value="true">true</option>
        <option value="false">false</option>
        <option value="">no value</option>
      </select>
    )
  }
  if (type === 'object' || type === 'array') {
    const rows = Math.min(12, Math.max(2, text.split('\n').length))
    return <textarea {...shared} rows={rows} onChange={(event) => onText(event.target.value)} />
  }
  return <input {...shared} autoComplete="off" onChange={(event) => onText(event.target.value)} />
}
