import type { Filter } from '@freshet/core'
import { columnType } from './master-schema.ts'
import type { TableSchema } from './master.ts'

/**
 * What a person means who types this into a search box: the rows in whose text
 * columns it is found, whatever the case of its letters.
 *
 * Columns of other types hold no texts to look into. An empty search is every row.
 */
export function searchFilter(schema: TableSchema, text: string): Filter {
  if (text === '') return { op: 'and', filters: [] }
  const columns = Object.keys(schema.columns).filter((field) => searched.has(columnType(schema, field)))
  return { op: 'or', filters: columns.map((field): Filter => ({ op: 'contains', field, value: text })) }
}

const searched: ReadonlySet<string> = new Set(['text', 'any'])
