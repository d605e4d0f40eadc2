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
      `The store ${name} has no more room; nothing of this write was kept. Free space, or ask the browser for persistent storage.`,
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
    `The store ${name} cannot be used: ${detail}. Open it again, and check that this page may keep data.`,
    { retryable: true, cause },
  )
}

/** Another connection holds an older layout open and does not let go. */
export function blockedError(name: string): FreshetError {
  return storageError(
    'storage/locked',
    `Another tab keeps the store ${name} from changing its tables. Close or reload that tab, then open it again.`,
    { retryable: true },
  )
}
