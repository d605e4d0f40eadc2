import { FreshetError } from '@freshet/core'
import {
  AlreadyExistsError,
  AuthenticationError,
  CallTerminatedError,
  ConnectionUnavailableError,
  NotAllowedError,
  NotFoundError,
  QueryError,
  ServerError,
  ThrownError,
  UnexpectedConnectionError,
} from 'surrealdb'
import { unreachable, WriteRejectedError, type FieldError } from '../master-errors.ts'

/** What SurrealDB or its SDK threw, as the error it means for the caller. */
export function surrealToError(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error
  if (isConnectionError(error)) {
    return unreachable(
      'The connection to SurrealDB is lost. Check that it runs; the call can be repeated.',
      error,
    )
  }
  if (error instanceof AuthenticationError || error instanceof NotAllowedError) {
    const isUnknown = !(error instanceof NotAllowedError) || error.isInvalidAuth || error.isTokenExpired
    return isUnknown ? signInRefused(error) : notAllowed(error)
  }
  if (error instanceof NotFoundError) {
    return remoteError(
      'table/missing-table',
      `SurrealDB: ${error.message}. Define it there, or mend the name.`,
      error,
    )
  }
  if (isBusy(error)) {
    return new FreshetError({
      code: 'table/busy',
      kind: 'remote',
      retryable: true,
      message: 'SurrealDB gave way to concurrent writes to the same rows. Write again.',
      cause: error,
    })
  }
  return (
    rejection(error) ?? remoteError('table/remote-failed', `SurrealDB failed: ${messageOf(error)}`, error)
  )
}

/** What was thrown while signing in: a broken token or an unknown access method is no error of access to SurrealDB. */
export function signInError(error: unknown): FreshetError {
  const isOfServer = error instanceof ServerError && !(error instanceof NotAllowedError) && !isBusy(error)
  return isOfServer ? signInRefused(error) : surrealToError(error)
}

/** The server does not take who we say we are. It says no more, and nor do we. */
function signInRefused(error: Error): FreshetError {
  return remoteError(
    'table/not-allowed',
    `SurrealDB refused to sign in: ${error.message}. Check name, password or token, and give the user of a namespace or database together with these.`,
    error,
  )
}

function notAllowed(error: Error): FreshetError {
  return remoteError(
    'table/not-allowed',
    `SurrealDB refused access: ${error.message}. Give the user the right, or sign in as another.`,
    error,
  )
}

/** Whether a CREATE found its record there already. */
export function isExistingRecord(error: unknown): boolean {
  return error instanceof AlreadyExistsError && error.recordId !== undefined
}

/** Whether the statement lost to a concurrent transaction and had no effect. */
export function isBusy(error: unknown): boolean {
  if (error instanceof QueryError && error.isTransactionConflict) return true
  return error instanceof ServerError && /can be retried|write conflict/i.test(error.message)
}

/** The name of the unique index that an error speaks of. */
export function violatedIndex(error: unknown): string | undefined {
  if (!(error instanceof ServerError)) return undefined
  return /^Database index `([^`]+)` already contains /.exec(error.message)?.[1]
}

function isConnectionError(error: unknown): boolean {
  return (
    error instanceof ConnectionUnavailableError ||
    error instanceof CallTerminatedError ||
    error instanceof UnexpectedConnectionError
  )
}

/** Messages in which SurrealDB names the field that it refuses. */
const fieldMessages: readonly RegExp[] = [
  /^Found .* for field `([^`]+)`, with record .*/s,
  /^Couldn't coerce value for field `([^`]+)` of .*/s,
  /^Found field '([^']+)', but no such field exists .*/s,
  /^Found changed value for field `([^`]+)`.*/s,
  /field `([^`]+)`.* read ?only/is,
]

function rejection(error: unknown): WriteRejectedError | undefined {
  if (!(error instanceof ServerError)) return undefined
  const { message } = error
  const field = fieldMessages.map((pattern) => pattern.exec(message)?.[1]).find((name) => name !== undefined)
  const isRefusal = field !== undefined || error instanceof ThrownError || violatedIndex(error) !== undefined
  if (!isRefusal) return undefined
  const fieldErrors: readonly FieldError[] = field === undefined ? [] : [{ field, message }]
  return new WriteRejectedError({
    message: `SurrealDB rejected the write: ${message}`,
    fieldErrors,
    cause: error,
  })
}

function remoteError(code: `table/${string}`, message: string, cause: unknown): FreshetError {
  return new FreshetError({ code, kind: 'remote', message, cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
