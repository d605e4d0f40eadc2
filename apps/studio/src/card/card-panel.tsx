import { useRef, useState, type KeyboardEvent } from 'react'
import { useReadable } from '../data/readable.ts'
import { isUnsaved } from '../data/record-drafts.ts'
import type { RecordCard } from '../data/record-card.ts'
import type { StudioTable } from '../data/studio-table.ts'
import { fieldType } from '../value/field-type.ts'
import { CardActions } from './card-actions.tsx'
import { CardField } from './card-field.tsx'
import { CardStatus } from './card-status.tsx'
import { CloseChoice } from './close-choice.tsx'
import { DeletedNotice } from './deleted-notice.tsx'
import { usePanelFocus } from './use-panel-focus.ts'

export type CardPanelProps = {
  readonly table: StudioTable
  readonly card: RecordCard
}

/** A row to be edited beside the grid, while others change it. Ctrl+Enter saves, Escape closes. */
export function CardPanel({ table, card }: CardPanelProps) {
  const state = useReadable(card)
  const [isAsking, setIsAsking] = useState(false)
  const panel = useRef<HTMLElement>(null)
  usePanelFocus(panel)
  const { id, record, modified, conflicts, isSaving } = state
  const isHere = record === 'editing'
  const canSave = isHere && modified.length > 0 && conflicts === 0 && !isSaving

  const close = (): void => {
    if (isUnsaved(card) && !isAsking) setIsAsking(true)
    else table.drafts.hide()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      if (isAsking) setIsAsking(false)
      else close()
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      if (canSave) card.save()
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <aside
      ref={panel}
      className="card"
      tabIndex={-1}
      aria-label={`Card of ${id}`}
      data-record={record}
      onKeyDown={onKeyDown}
    >
      <header className="card-head">
        <h2>
          {table.name} <b>{id}</b>
        </h2>
        <span className="fill" />
        <button type="button" className="quiet" aria-label="Close the card" onClick={close}>
          ✕
        </button>
      </header>
      <DeletedNotice table={table} card={card} state={state} />
      <form
        className="card-fields"
        onSubmit={(event) => {
          event.preventDefault()
          if (canSave) card.save()
        }}
      >
        {state.fields.map((field) => (
          <CardField
            key={field.field}
            card={card}
            type={fieldType(table.schema, field.field)}
            field={field}
            canRevert={isHere}
          />
        ))}
        <button type="submit" className="hidden" tabIndex={-1} aria-hidden="true" />
      </form>
      <footer className="card-foot">
        <CardStatus table={table} state={state} />
        {isAsking ? (
          <CloseChoice
            onKeep={table.drafts.hide}
            onDiscard={() => table.drafts.discard(id)}
            onGoOn={() => setIsAsking(false)}
          />
        ) : (
          <CardActions table={table} card={card} state={state} canSave={canSave} />
        )}
      </footer>
    </aside>
  )
}
