import { FreshetError } from '@freshet/core'

/** What IndexedDB said, as an error of the port that names the database and the remedy [ST10]. */
export function indexedDbError(name: string, error: unknown): unknown {
  if (error instanceof FreshetError || !(error instanceof DOMException)) return error
  switch (error.name) {
    case 'QuotaExceededError':
      return new FreshetError({
        code: 'storage/full',
        kind: 'storage',
        message: `The browser gives the store ${name} no more room. Free space or ask for persistent storage, and try again; nothing of this write was kept.`,
        retryable: true,
        cause: error,
      })
    case 'InvalidStateError':
    case 'AbortError':
      return unavailableError(name, 'its connection was lost', error)
    default:
      return unavailableError(name, `${error.name}: ${error.message}`, error)
  }
}

/** The database cannot be used now; opening it again may help. */
export function unavailableError(name: string, detail: string, cause?: unknown): FreshetError {
  return new FreshetError({
    code: 'storage/unavailable',
    kind: 'storage',
    message: `The store ${name} cannot be used: ${detail}. Open it again; if that fails too, check that this page may keep data.`,
    retryable: true,
    cause,
  })
}

/** Another connection holds an older layout open and does not let go. */
export function blockedError(name: string): FreshetError {
  return new FreshetError({
    code: 'storage/locked',
    kind: 'storage',
    message: `The store ${name} must change its layout and another tab still has it open. Close or reload that tab, then open again.`,
    retryable: true,
  })
}
