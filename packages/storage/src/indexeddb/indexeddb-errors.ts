import type { FreshetError } from '@freshet/core'
import { storageError } from '../errors.ts'

/**
 * What IndexedDB said, as an error of the port that names the database and the remedy [ST10].
 *
 * @param error - Absent where it closed the connection without a word.
 */
export function indexedDbError(name: string, error: unknown): unknown {
  if (error !== undefined && !(error instanceof DOMException)) return error
  if (error?.name === 'QuotaExceededError') {
    return storageError(
      'storage/full',
      `The store ${name} has no room; this write was not kept. Free space, or ask for persistent storage.`,
      { retryable: true, cause: error },
    )
  }
  const isLost = !error || error.name === 'InvalidStateError' || error.name === 'AbortError'
  return unavailableError(name, isLost ? 'its connection was lost' : String(error), error)
}

/** The database cannot be used now; opening it again may help. */
export function unavailableError(name: string, detail: string, cause?: unknown): FreshetError {
  return storageError(
    'storage/unavailable',
    `The store ${name} cannot be used: ${detail}. Check that this page may keep data. Open it again.`,
    { retryable: true, cause },
  )
}

/** Another connection holds an older layout open and does not let go. */
export function blockedError(name: string): FreshetError {
  return storageError(
    'storage/locked',
    `The store ${name} is kept from changing its tables by another tab. Close that tab. Open it again.`,
    { retryable: true },
  )
}
