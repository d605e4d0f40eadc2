import { FreshetError } from '@freshet/core'
import { WriteRejectedError, type FieldError } from '../master-errors.ts'

/**
 * What SQLite threw, as the error it means for the caller.
 *
 * @param path - The file, for faults that are mended there.
 */
export function sqliteToError(error: unknown, path: string): FreshetError {
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
        `The disk of the SQLite database ${path} is full. Make room and try again.`,
        error,
      )
    case codes.corrupt:
    case codes.notADatabase:
      return failure(
        'sqlite/corrupt',
        'storage',
        false,
        `The file ${path} is no SQLite database, or a damaged one. Give the path of another, or bring back a copy of it.`,
        error,
      )
    case codes.cannotOpen:
      return failure(
        'sqlite/cannot-open',
        'storage',
        false,
        `The SQLite database ${path} cannot be opened. Check that its folder is there and may be written.`,
        error,
      )
    case codes.readOnly:
      return failure(
        'sqlite/read-only',
        'storage',
        false,
        `The SQLite database ${path} is read-only. Check the permissions of the file and its folder.`,
        error,
      )
    default:
      return message.startsWith('no such table')
        ? failure(
            'table/missing-table',
            'remote',
            false,
            `SQLite: ${message} in ${path}. Create the table, or mend its name.`,
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
