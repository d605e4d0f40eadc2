import { FreshetError } from '@freshet/core'

/** A message that is not what the protocol says. */
export function badMessage(what: string, cause: unknown): FreshetError {
  return new FreshetError({
    code: 'torii/bad-message',
    kind: 'protocol',
    message: `${what} cannot be read: ${cause instanceof Error ? cause.message : String(cause)} Check that the URL is that of a Torii and that its version is supported.`,
    cause,
  })
}
