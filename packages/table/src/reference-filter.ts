import { recordId, Tagged, type Filter, type Row } from '@freshet/core'
import type { TableSchema } from './master.ts'
import { unknownReference } from './master-errors.ts'

/** The table a reference leads to, and the condition that its rows meet for this row. */
export type ReferenceTarget = { readonly table: string; readonly filter: Filter }

/**
 * Where reference `name` leads from `row`.
 *
 * A row that points nowhere (absent or `null`) yields a condition that no row meets.
 *
 * @throws {FreshetError} `table/unknown-reference`.
 */
export function referenceTarget(
  from: { readonly name: string; readonly schema: TableSchema },
  name: string,
  row: Row,
  schemaOf: (table: string) => TableSchema,
): ReferenceTarget {
  const { references, idField } = from.schema
  const reference = Object.hasOwn(references, name) ? references[name] : undefined
  if (reference === undefined) throw unknownReference(from.name, name, Object.keys(references))
  const { kind, table, field } = reference
  const target = schemaOf(table)
  if (kind === 'one') {
    const id = referencedId(row[field])
    const values = id === undefined ? [] : [id]
    return { table, filter: { op: 'in', field: target.idField, values } }
  }
  const own = row[idField]
  if (typeof own !== 'string') return { table, filter: { op: 'in', field, values: [] } }
  const value = target.columns[field] === 'recordId' ? recordId(from.name, own) : own
  return { table, filter: { op: 'eq', field, value } }
}

function referencedId(value: Row[string] | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (!(value instanceof Tagged)) return undefined
  if (value.tag === 'uuid') return value.text
  if (value.tag !== 'recordId') return undefined
  return value.text.slice(value.text.indexOf(':') + 1)
}
