import { FreshetError, type ErrorKind } from '@freshet/core'

type Meaning = {
  readonly name: string
  readonly kind: ErrorKind
  readonly retryable: boolean
  readonly remedy: string
}

const later = 'It is tried again.'
const mend = 'Check the call and the version of the server.'

/** What the status codes of gRPC mean here. Torii answers every fault of its storage with 13. */
const meanings: { readonly [code: number]: Meaning } = {
  1: { name: 'cancelled', kind: 'remote', retryable: true, remedy: later },
  2: { name: 'unknown', kind: 'remote', retryable: true, remedy: later },
  3: { name: 'invalid-argument', kind: 'protocol', retryable: false, remedy: mend },
  4: { name: 'deadline-exceeded', kind: 'remote', retryable: true, remedy: later },
  5: { name: 'not-found', kind: 'remote', retryable: false, remedy: mend },
  6: { name: 'already-exists', kind: 'remote', retryable: false, remedy: mend },
  7: {
    name: 'permission-denied',
    kind: 'remote',
    retryable: false,
    remedy: 'Ask who runs the server to allow it.',
  },
  8: { name: 'resource-exhausted', kind: 'remote', retryable: true, remedy: later },
  9: { name: 'failed-precondition', kind: 'remote', retryable: false, remedy: mend },
  10: { name: 'aborted', kind: 'remote', retryable: true, remedy: later },
  11: { name: 'out-of-range', kind: 'remote', retryable: true, remedy: 'Ask for smaller pages.' },
  12: {
    name: 'unimplemented',
    kind: 'remote',
    retryable: false,
    remedy: 'The server does not know this call; update it.',
  },
  13: { name: 'internal', kind: 'remote', retryable: true, remedy: later },
  14: { name: 'unavailable', kind: 'remote', retryable: true, remedy: later },
  15: { name: 'data-loss', kind: 'remote', retryable: false, remedy: 'Ask who runs the server.' },
  16: {
    name: 'unauthenticated',
    kind: 'remote',
    retryable: false,
    remedy: 'Ask who runs the server for access.',
  },
}

const unknownStatus: Meaning = { name: 'unknown', kind: 'remote', retryable: true, remedy: later }

/** The error for a gRPC status other than 0: `torii/` and the name of the status. */
export function grpcError(rpc: string, code: number, message: string): FreshetError {
  const { name, kind, retryable, remedy } = meanings[code] ?? unknownStatus
  return new FreshetError({
    code: `torii/${name}`,
    kind,
    retryable,
    message: `Torii answered ${rpc} with status ${code}${message === '' ? '' : `, ${JSON.stringify(message.slice(0, 300))}`}. ${remedy}`,
  })
}

/** The error for an answer that is no gRPC answer at all. */
export function httpError(url: string, rpc: string, status: number, contentType: string): FreshetError {
  const isGateway = status >= 500 || status === 429 || status === 408
  if (isGateway) {
    return new FreshetError({
      code: 'torii/unavailable',
      kind: 'remote',
      retryable: true,
      message: `The server at ${url} answered ${rpc} with HTTP ${status}. ${later}`,
    })
  }
  return new FreshetError({
    code: 'torii/not-torii',
    kind: 'remote',
    message: `Expected gRPC-web from a Torii at ${url}, got HTTP ${status} with ${contentType || 'no content type'}. Check the URL.`,
  })
}
