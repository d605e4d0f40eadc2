import type { Row } from '@freshet/core'
import { unknownField } from '../master-errors.ts'
import { columnType } from '../master-schema.ts'
import type { TableSchema } from '../master.ts'
import { valueToText } from './encode-value.ts'
import type { PgColumn, PgTable } from './postgres-catalog.ts'

/** A column to write, and the text to write to it. */
export type Assignment = readonly [column: PgColumn, text: string | null]

/**
 * The columns of a row, without its id.
 *
 * @throws {FreshetError} `table/unknown-field`, `table/unstorable`.
 */
export function assignmentsOf(row: Row, schema: TableSchema, table: PgTable): readonly Assignment[] {
  return Object.entries(row)
    .filter(([field]) => field !== schema.idField)
    .map(([field, value]): Assignment => {
      const column = writableColumn(field, schema, table)
      return [column, valueToText(value, column.kind, columnType(schema, field), field)]
    })
}

/** @throws {FreshetError} `table/unknown-field`: there is no such column, or the database computes it. */
export function writableColumn(field: string, schema: TableSchema, table: PgTable): PgColumn {
  const column = Object.hasOwn(schema.columns, field) ? table.columns.get(field) : undefined
  if (column === undefined || column.isGenerated) throw unknownField(table.sqlName, field)
  return column
}

/** The declared columns that are there, without the id. */
export function declaredColumns(schema: TableSchema, table: PgTable): readonly PgColumn[] {
  return Object.keys(schema.columns)
    .filter((field) => field !== schema.idField)
    .flatMap((field) => table.columns.get(field) ?? [])
}
