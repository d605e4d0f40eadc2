import type { WriteNote } from '../data/write-ledger.ts'
import { formatValue } from '../value/format-value.ts'

/** What a write does, in a few words. */
export function writeWords({ op, fields, values }: WriteNote): string {
  switch (op) {
    case 'insert':
      return 'add the row'
    case 'delete':
      return 'delete the row'
    case 'patch':
      return fields
        .map((field) => {
          const value = Object.hasOwn(values, field) ? values[field] : undefined
          return value === undefined ? `remove ${field}` : `${field} = ${formatValue(value).text}`
        })
        .join(', ')
  }
}
