import { FreshetError } from '@freshet/core'

/** Somebody else has become the writer. */
export function deposed(term: number): FreshetError {
  const message = `Another process writes this order book since term ${term}. Nothing was written; follow what it tells.`
  return new FreshetError({ code: 'raindex/shared-deposed', kind: 'conflict', retryable: false, message })
}

/** Nothing can be read or written now. */
export function sharedUnreachable(reason: string, cause: unknown): FreshetError {
  const message = `The shared database does not answer: ${reason}. Check that it runs; it is tried again.`
  return new FreshetError({
    code: 'raindex/shared-unreachable',
    kind: 'storage',
    retryable: true,
    message,
    cause,
  })
}

/** The tables are of another version of this software. */
export function sharedForeign(version: string): FreshetError {
  const message = `The shared database is of layout ${version}, not ${sharedLayout}. Use the version of freshet that made it, or another database.`
  return new FreshetError({ code: 'raindex/shared-foreign', kind: 'storage', message })
}

/** Version of the shared tables. */
export const sharedLayout = 1
