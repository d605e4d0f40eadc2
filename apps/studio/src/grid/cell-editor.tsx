import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import type { ColumnType } from '@freshet/core'

export type CellEditorProps = {
  readonly label: string
  readonly type: ColumnType
  /** What the field holds, as text. */
  readonly text: string
  /** What was typed to begin with; it replaces the text. */
  readonly typed?: string | undefined
  /** `step` is where to go then: 1 right, -1 left, 0 stay. */
  onCommit(text: string, step: -1 | 0 | 1): void
  onCancel(): void
}

/** Edits one field as text: Enter or leaving it writes, Escape leaves it as it was. */
export function CellEditor({ label, type, text, typed, onCommit, onCancel }: CellEditorProps) {
  // As it was when editing began: what someone else writes meanwhile is no change of ours.
  const [before] = useState(text)
  const [draft, setDraft] = useState(typed ?? text)
  const field = useRef<HTMLInputElement & HTMLTextAreaElement & HTMLSelectElement>(null)
  const isOver = useRef(false)
  useEffect(() => {
    field.current?.focus()
    if (typed === undefined) field.current?.select?.()
  }, [typed])

  const finish = (step: -1 | 0 | 1 | 'cancel'): void => {
    if (isOver.current) return
    isOver.current = true
    if (step === 'cancel' || draft === before) onCancel()
    else onCommit(draft, step)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') finish('cancel')
    else if (event.key === 'Enter' && !event.shiftKey) finish(0)
    else if (event.key === 'Tab') finish(event.shiftKey ? -1 : 1)
    else return
    event.preventDefault()
  }
  const shared = {
    ref: field,
    className: 'editor',
    'aria-label': label,
    value: draft,
    onKeyDown,
    onBlur: () => finish(0),
  }
  if (type === 'bool') {
    return (
      <select {...shared} onChange={(event) => setDraft(event.target.value)}>
        <option value="true">true</option>
        <option value="false">false</option>
        <option value="">no value</option>
      </select>
    )
  }
  if (type === 'object' || type === 'array') {
    return (
      <textarea
        {...shared}
        rows={Math.min(12, Math.max(3, draft.split('\n').length))}
        spellCheck={false}
        onChange={(event) => setDraft(event.target.value)}
      />
    )
  }
  return (
    <input
      {...shared}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => setDraft(event.target.value)}
    />
  )
}
