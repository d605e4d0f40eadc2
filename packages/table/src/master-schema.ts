import type { ColumnType, ColumnTypes, Filter } from '@freshet/core'
import type { Reference, TableSchema } from './master.ts'

/**
 * A schema with what is left out filled in.
 *
 * @param parts.idField - Default `id`.
 * @param parts.titleFields - Default: `name` where there is such a column, else the id.
 */
export function tableSchema(parts: {
  readonly columns: ColumnTypes
  readonly idField?: string | undefined
  readonly titleFields?: readonly string[] | undefined
  readonly references?: { readonly [name: string]: Reference } | undefined
}): TableSchema {
  const idField = parts.idField ?? 'id'
  const title = Object.hasOwn(parts.columns, 'name') ? 'name' : idField
  return {
    columns: parts.columns,
    idField,
    titleFields: parts.titleFields ?? [title],
    references: parts.references ?? {},
  }
}

/** The type of a field: the id is text, a field that is not declared is `any`. */
export function columnType(schema: TableSchema, field: string): ColumnType {
  if (field === schema.idField) return 'text'
  return (Object.hasOwn(schema.columns, field) ? schema.columns[field] : undefined) ?? 'any'
}

/** Column types with the id field among them, as core's predicates and orders want them. */
export function rowTypes(schema: TableSchema): ColumnTypes {
  return { ...schema.columns, [schema.idField]: 'text' }
}

/** Both conditions at once; `undefined` is no condition. */
export function both(a: Filter | undefined, b: Filter | undefined): Filter | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  return { op: 'and', filters: [a, b] }
}
