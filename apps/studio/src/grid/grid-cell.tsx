import { memo, useEffect, useRef, useState, type ReactNode } from 'react'
import { valuesEqual, type ColumnType, type Value } from '@freshet/core'
import type { WriteNote } from '../data/write-ledger.ts'
import { isNumeric } from '../value/field-type.ts'
import { ShownText } from '../value/shown-text.tsx'

export type GridCellProps = {
  readonly rowId: string
  readonly field: string
  readonly type: ColumnType
  readonly value: Value | undefined
  /** The last write of ours that touches this field. */
  readonly note: WriteNote | undefined
  readonly isActive: boolean
  readonly isHead: boolean
  readonly hasDraft: boolean
  /** Opens the card of the row. */
  readonly onOpen?: ((rowId: string) => void) | undefined
  /** The editor while this cell is edited. */
  readonly children?: ReactNode
}

/** One value, with the marks of its last write, which lights up softly when it changes. */
export const GridCell = memo(function GridCell(props: GridCellProps) {
  const { rowId, field, type, value, note, isActive, isHead, hasDraft, onOpen, children } = props
  const isLit = useChanged(value, type)
  const reason = note && reasonFor(note, field)
  const Tag = isHead ? 'th' : 'td'
  return (
    <Tag
      role={isHead ? 'rowheader' : 'gridcell'}
      scope={isHead ? 'row' : undefined}
      className={`cell${isNumeric(type) ? ' numeric' : ''}`}
      tabIndex={isActive ? 0 : -1}
      data-row={rowId}
      data-field={field}
      data-changed={(isLit && note?.outcome.kind !== 'pending') || undefined}
      data-write={note?.outcome.kind}
      data-kept={(note?.outcome.kind === 'pending' && note.outcome.kept) || undefined}
      data-draft={hasDraft || undefined}
      aria-invalid={reason === undefined ? undefined : true}
    >
      <ShownText value={value} />
      {onOpen && (
        <button
          type="button"
          className="open"
          tabIndex={-1}
          aria-label={`Open the card of ${rowId}`}
          title="Open the card (Enter)"
          onClick={() => onOpen(rowId)}
        />
      )}
      {children}
      {children === undefined && note && <WriteMark note={note} reason={reason} />}
    </Tag>
  )
})

function WriteMark({ note, reason }: { readonly note: WriteNote; readonly reason: string | undefined }) {
  switch (note.outcome.kind) {
    case 'pending':
      return <span className="mark pending" role="img" aria-label="pending" title={pendingTitle(note)} />
    case 'confirmed':
      return <span className="mark confirmed" role="img" aria-label="confirmed" title="Confirmed" />
    case 'conflict':
    case 'rejected':
      return reason === undefined ? null : (
        <>
          <span className="mark rejected" role="img" aria-label={`rejected: ${reason}`} title={reason} />
          <span className="reason" role="tooltip">
            {reason}
          </span>
        </>
      )
  }
}

function pendingTitle({ sinceUnixMs, outcome }: WriteNote): string {
  const since = new Date(sinceUnixMs).toLocaleTimeString()
  if (outcome.kind !== 'pending' || !outcome.kept) return `Being kept, since ${since}`
  return outcome.step === 'unsure'
    ? `Kept at ${since} and perhaps sent: it is being verified`
    : `Kept at ${since}, not confirmed yet`
}

function reasonFor({ outcome, fields }: WriteNote, field: string): string | undefined {
  if (outcome.kind === 'conflict') return 'Changed by someone else meanwhile; see above.'
  if (outcome.kind !== 'rejected') return undefined
  const { reason, fieldReasons } = outcome
  if (Object.hasOwn(fieldReasons, field)) return fieldReasons[field]
  return Object.keys(fieldReasons).length === 0 && fields.includes(field) ? reason : undefined
}

/** How long a changed value stays lit; the style sheet fades it in this time. */
const litForMs = 1_600

function useChanged(value: Value | undefined, type: ColumnType): boolean {
  const shown = useRef(value)
  const [lit, setLit] = useState(0)
  useEffect(() => {
    const before = shown.current
    shown.current = value
    if (!isSame(before, value, type)) setLit((count) => count + 1)
  }, [value, type])
  useEffect(() => {
    if (lit === 0) return
    const timer = setTimeout(() => setLit(0), litForMs)
    return () => clearTimeout(timer)
  }, [lit])
  return lit > 0
}

function isSame(a: Value | undefined, b: Value | undefined, type: ColumnType): boolean {
  if (a === undefined || b === undefined) return a === b
  return valuesEqual(a, b, type)
}
