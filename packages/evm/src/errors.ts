/**
 * Who has to act on an {@link EvmError}: `usage` the caller broke the contract, `remote` a worker did not
 * answer, `internal` an invariant of this package broke.
 */
export type EvmErrorKind = 'usage' | 'remote' | 'internal'

/** What {@link EvmError} takes beside its message. */
export type EvmErrorOptions = {
  readonly code: `evm/${string}`
  readonly kind: EvmErrorKind
  readonly retryable?: boolean | undefined
  readonly cause?: unknown
}

/**
 * The one error class of this package. What a contract does (revert, out of gas, missing state) is never an
 * error: it is the `status` of a result.
 */
export class EvmError extends Error {
  override readonly name = 'EvmError'
  readonly code: `evm/${string}`
  readonly kind: EvmErrorKind
  readonly retryable: boolean

  constructor(message: string, options: EvmErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code
    this.kind = options.kind
    this.retryable = options.retryable ?? false
  }
}
