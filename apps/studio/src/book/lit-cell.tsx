import { useState, type ReactNode } from 'react'

export type LitCellProps = {
  readonly part: string
  /** Another one lights the cell up. */
  readonly value: string
  readonly className?: string | undefined
  readonly title?: string | undefined
  readonly children: ReactNode
}

/** A cell that lights up whenever its value has changed. */
export function LitCell({ part, value, className = '', title, children }: LitCellProps) {
  const [seen, setSeen] = useState({ value, changes: 0 })
  if (seen.value !== value) setSeen({ value, changes: seen.changes + 1 })
  return (
    // Made anew with each change, so that it lights up each time.
    <td
      key={seen.changes}
      role="gridcell"
      className={`cell ${className}`}
      data-part={part}
      data-changed={seen.changes > 0 || undefined}
      title={title}
    >
      {children}
    </td>
  )
}
