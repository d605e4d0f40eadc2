import { WriteRejectedError, type FieldError } from '../master-errors.ts'
import type { PgTable } from './postgres-catalog.ts'
import { causeField, sqlState } from './postgres-errors.ts'
import type { TableHandle } from './table-handle.ts'

/** Runs a write; a refusal names the fields it is about. */
export async function namingFields<T>(
  handle: TableHandle,
  written: Iterable<string>,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof WriteRejectedError) || error.cause === undefined) throw error
    const { cause, message } = error
    const said = cause instanceof Error ? cause.message : message
    const constraint = causeField(cause, 'constraint')
    // A constraint that was made since is looked up.
    const isNew = constraint !== undefined && handle.known?.constraints.has(constraint) === false
    const table = isNew ? await handle.reload().catch(() => handle.known) : handle.known
    const fields = table === undefined ? [] : refusedFields(cause, table, [...written])
    const fieldErrors = fields.map((field): FieldError => ({ field, message: said }))
    throw new WriteRejectedError({ message, fieldErrors, cause })
  }
}

/** The fields that a refusal is about, as far as PostgreSQL tells or the columns show. */
function refusedFields(cause: unknown, table: PgTable, written: readonly string[]): readonly string[] {
  const column = causeField(cause, 'column')
  if (column !== undefined) return [column]
  const constraint = causeField(cause, 'constraint')
  const constrained = constraint === undefined ? undefined : table.constraints.get(constraint)
  if (constrained !== undefined) return constrained
  const fields = written.filter((field) => table.columns.has(field))
  // A value that a type refuses: PostgreSQL does not say of which column.
  if (sqlState(cause)?.startsWith('22') === true) {
    const sized = fields.filter((field) => table.columns.get(field)?.maxLength !== undefined)
    if (sqlState(cause) === '22001' && sized.length === 1) return sized
  }
  return fields.length === 1 && sqlState(cause) !== 'P0001' ? fields : []
}
