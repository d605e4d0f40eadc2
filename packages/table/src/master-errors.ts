import { FreshetError, type FieldError } from '@freshet/core'

export type { FieldError } from '@freshet/core'

/**
 * `table/rejected`: the backend understood the write and refused it. Nothing was
 * stored. Mend the fields named in `fieldErrors` and write again.
 */
export class WriteRejectedError extends FreshetError {
  override readonly name = 'WriteRejectedError'

  constructor(options: {
    readonly message: string
    readonly fieldErrors?: readonly FieldError[]
    readonly cause?: unknown
  }) {
    super({ code: 'table/rejected', kind: 'remote', ...options })
  }
}

/** `table/not-found`: a patch addressed a row that is not there (any more). Insert it, or let it go. */
export function rowNotFound(table: string, id: string): FreshetError {
  return new FreshetError({
    code: 'table/not-found',
    kind: 'conflict',
    message: `There is no row ${JSON.stringify(id)} in ${table}. Insert it, or refresh: it may have been deleted.`,
  })
}

/** `table/unstorable`: this backend cannot hold the value exactly, so nothing was sent. */
export function unstorable(path: string, reason: string): FreshetError {
  return new FreshetError({
    code: 'table/unstorable',
    kind: 'usage',
    message: `The value of ${path} cannot be stored: ${reason}. Write a value this backend can hold exactly.`,
    fieldErrors: [{ field: path.replace(/[.[].*/s, ''), message: `Cannot be stored: ${reason}.` }],
  })
}

/** `table/unsupported-filter`: this backend cannot evaluate the condition exactly. */
export function unsupportedFilter(message: string, cause?: unknown): FreshetError {
  return new FreshetError({ code: 'table/unsupported-filter', kind: 'usage', message, cause })
}

/** `table/unknown-table`: the database declares no such table. */
export function unknownTable(name: string, known: readonly string[]): FreshetError {
  return new FreshetError({
    code: 'table/unknown-table',
    kind: 'usage',
    message: `There is no table ${JSON.stringify(name)}. Declared tables: ${known.join(', ')}.`,
  })
}

/** `table/unknown-reference`: the schema declares no such reference. */
export function unknownReference(table: string, name: string, known: readonly string[]): FreshetError {
  return new FreshetError({
    code: 'table/unknown-reference',
    kind: 'usage',
    message: `Table ${table} has no reference ${JSON.stringify(name)}. Declared references: ${known.join(', ')}.`,
  })
}

/** `table/unknown-field`: the table has no such column. */
export function unknownField(table: string, field: string): FreshetError {
  return new FreshetError({
    code: 'table/unknown-field',
    kind: 'usage',
    message: `Table ${table} has no column ${JSON.stringify(field)}. Add it, or leave the field out.`,
    fieldErrors: [{ field, message: 'There is no such column.' }],
  })
}

/** `table/unreachable`: the backend did not answer. The outcome of a write is not known. */
export function unreachable(message: string, cause?: unknown): FreshetError {
  return new FreshetError({ code: 'table/unreachable', kind: 'remote', retryable: true, message, cause })
}

/** `table/aborted`: the caller's signal ended the wait. The outcome of a write is not known. */
export function aborted(cause?: unknown): FreshetError {
  return new FreshetError({
    code: 'table/aborted',
    kind: 'usage',
    message: 'The operation was aborted by its signal.',
    cause,
  })
}

/** `table/closed`: the database was closed. Open it again. */
export function databaseClosed(): FreshetError {
  return new FreshetError({
    code: 'table/closed',
    kind: 'usage',
    message: 'The database connection is closed. Open it again.',
  })
}
