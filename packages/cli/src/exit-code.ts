import { FreshetError, type ErrorKind } from '@freshet/core'

/** What the process ends with, by who is at fault. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  usage: 2,
  remote: 3,
  protocol: 4,
  conflict: 5,
  storage: 6,
  internal: 70,
}

/** For what Ctrl-C broke off, as shells count signals. */
export const exitCodeOfStopped = 130

/** The exit code of an error; one that is not ours is a fault of ours. */
export function exitCodeOf(error: unknown): number {
  return exitCodes[error instanceof FreshetError ? error.kind : 'internal']
}
