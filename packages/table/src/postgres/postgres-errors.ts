import { FreshetError } from '@freshet/core'
import { unreachable, WriteRejectedError } from '../master-errors.ts'

/** What PostgreSQL or its client threw, as the error it means for the caller. */
export function postgresToError(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error
  const code = sqlState(error)
  const message = error instanceof Error ? error.message : String(error)
  if (code === undefined ? isConnectionLoss(error, message) : isConnectionState(code))
    return lost(message, error)
  if (code === undefined) return failure('table/remote-failed', false, `PostgreSQL failed: ${message}`, error)
  if (code === '57014') return lost('the statement was cancelled', error)
  if (rejecting.test(code))
    return new WriteRejectedError({ message: `PostgreSQL rejected the write: ${message}`, cause: error })
  if (busy.has(code)) {
    return failure(
      'table/busy',
      true,
      `PostgreSQL gave way to concurrent writes: ${message}. Write again.`,
      error,
    )
  }
  if (code === '42P01') {
    return failure(
      'table/missing-table',
      false,
      `PostgreSQL: ${message}. Create it, or mend the name.`,
      error,
    )
  }
  if (code.startsWith('28') || code === '3D000') {
    return failure(
      'table/not-allowed',
      false,
      `PostgreSQL refused access: ${message}. Check user, password and database.`,
      error,
    )
  }
  if (code === '42501') {
    return failure(
      'table/not-allowed',
      false,
      `PostgreSQL refused access: ${message}. Ask for the right, or use another user.`,
      error,
    )
  }
  return failure('table/remote-failed', false, `PostgreSQL failed: ${message}`, error)
}

/** The five characters by which PostgreSQL names an error (its appendix A); absent for what is no answer of a server. */
export function sqlState(error: unknown): string | undefined {
  const code = causeField(error, 'code')
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** A field of an error of PostgreSQL: `column`, `constraint`, `dataType`. */
export function causeField(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Object.getOwnPropertyDescriptor(error, name)?.value
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Data, integrity, generated columns, triggers that raise. */
const rejecting = /^(22|23|P0001|428C9|44)/

/** Serialization, deadlock, lock not available. */
const busy: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** Connection failures, shutdown, start-up, too many connections. */
function isConnectionState(code: string): boolean {
  return code.startsWith('08') || code.startsWith('57P') || code === '53300'
}

/** What Node and the client say when a connection cannot be had or ends; they name it by text alone. */
function isConnectionLoss(error: unknown, message: string): boolean {
  return (
    /^E[A-Z_]+$/.test(causeField(error, 'code') ?? '') ||
    /terminated|timeout|not queryable|connection (ended|error|closed)/i.test(message)
  )
}

function lost(reason: string, cause: unknown): FreshetError {
  return unreachable(
    `PostgreSQL does not answer: ${reason}. Check that it runs; the call can be repeated.`,
    cause,
  )
}

function failure(
  code: `${string}/${string}`,
  retryable: boolean,
  message: string,
  cause: unknown,
): FreshetError {
  return new FreshetError({ code, kind: 'remote', retryable, message, cause })
}
