import type { Maybe } from '@freshet/core'
import { formatValue } from './format-value.ts'

/** A value as it is read, not edited. */
export function ShownText({ value }: { readonly value: Maybe }) {
  const { kind, text, table, title } = formatValue(value)
  return (
    <span className={`value ${kind}`} title={title}>
      {table !== undefined && <span className="table-of">{table}:</span>}
      {text}
    </span>
  )
}
