import { FreshetError } from '@freshet/core'
import { WriteRejectedError, type FieldError } from '../master-errors.ts'

/** What SQLite threw, as the error it means for the caller. */
export function sqliteToError(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error
  const message = error instanceof Error ? error.message : String(error)
  switch (resultCode(error)) {
    case codes.busy:
    case codes.locked:
      return failure(
        'table/busy',
        'remote',
        true,
        'Another connection is writing to the SQLite database. Try again.',
        error,
      )
    case codes.constraint:
    case codes.mismatch:
    case codes.tooBig:
      return rejection(message, error)
    case codes.full:
      return failure(
        'sqlite/full',
        'storage',
        true,
        'The disk of the SQLite database is full. Make room and try again.',
        error,
      )
    case codes.corrupt:
    case codes.notADatabase:
      return failure(
        'sqlite/corrupt',
        'storage',
        false,
        'The file is no SQLite database, or a damaged one.',
        error,
      )
    case codes.cannotOpen:
      return failure(
        'sqlite/cannot-open',
        'storage',
        false,
        'The SQLite database cannot be opened. Check its path.',
        error,
      )
    case codes.readOnly:
      return failure(
        'sqlite/read-only',
        'storage',
        false,
        'The SQLite database is read-only. Check its permissions.',
        error,
      )
    default:
      return message.startsWith('no such table')
        ? failure(
            'table/missing-table',
            'remote',
            false,
            `SQLite: ${message}. Create it, or mend the name.`,
            error,
          )
        : failure('table/remote-failed', 'remote', false, `SQLite failed: ${message}`, error)
  }
}

/** Primary result codes (sqlite.org/rescode.html). */
const codes = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  notADatabase: 26,
} as const

function resultCode(error: unknown): number {
  const isSqlite = typeof error === 'object' && error !== null && 'errcode' in error
  return isSqlite && typeof error.errcode === 'number' ? error.errcode & 0xff : 0
}

function rejection(message: string, cause: unknown): WriteRejectedError {
  const fields = /^(?:UNIQUE|NOT NULL) constraint failed: (.+)$/.exec(message)?.[1]?.split(', ') ?? []
  const check = /^CHECK constraint failed: "?([^\s"]+)/.exec(message)?.[1]
  const named = check === undefined ? fields.map((field) => field.replace(/^[^.]*\./, '')) : [check]
  const fieldErrors = named.map((field): FieldError => ({ field, message }))
  return new WriteRejectedError({ message: `SQLite rejected the write: ${message}`, fieldErrors, cause })
}

function failure(
  code: `${string}/${string}`,
  kind: 'remote' | 'storage',
  retryable: boolean,
  message: string,
  cause: unknown,
): FreshetError {
  return new FreshetError({ code, kind, retryable, message, cause })
}
