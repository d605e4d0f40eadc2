import type { ColumnType } from '@freshet/core'
import type { TableSchema } from '@freshet/table'

/** The type of a field: ids are text, what is not declared is anything. */
export function fieldType({ columns, idField }: TableSchema, field: string): ColumnType {
  if (field === idField) return 'text'
  return (Object.hasOwn(columns, field) ? columns[field] : undefined) ?? 'any'
}

/** Whether values of the type line up at their right end. */
export function isNumeric(type: ColumnType): boolean {
  return type === 'int' || type === 'float' || type === 'decimal'
}
