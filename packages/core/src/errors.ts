/**
 * Who is at fault, and so what can be done [X1].
 *
 * - `usage`: the caller broke the contract; mend the call.
 * - `remote`: the source is unreachable or refused; `retryable` says whether to try again.
 * - `protocol`: the source said something impossible; resynchronise.
 * - `conflict`: someone else wrote first; the user decides.
 * - `storage`: quota, corruption, lock; `retryable` says whether to try again.
 * - `internal`: an invariant of ours broke; please report it.
 */
export type ErrorKind = 'usage' | 'remote' | 'protocol' | 'conflict' | 'storage' | 'internal'

export type FreshetErrorOptions = {
  readonly code: `${string}/${string}`
  readonly kind: ErrorKind
  /** What happened and what to do about it, in one or two sentences. */
  readonly message: string
  /** Whether the same call may succeed later. Default false. */
  readonly retryable?: boolean | undefined
  /** What was said about single fields. Default none. */
  readonly fieldErrors?: readonly FieldError[] | undefined
  readonly cause?: unknown
}

/** What a remote said about one field of a write. */
export type FieldError = { readonly field: string; readonly message: string }

/** The one base of every error Freshet throws. Match on `code`, decide on `kind` and `retryable`. */
export class FreshetError extends Error {
  override readonly name: string = 'FreshetError'
  declare readonly code: `${string}/${string}`
  declare readonly kind: ErrorKind
  declare readonly retryable: boolean
  /** What was said about single fields; of a write that was refused. */
  declare readonly fieldErrors: readonly FieldError[]

  constructor(options: FreshetErrorOptions) {
    const { code, kind, message, retryable = false, fieldErrors = [], cause } = options
    super(message, cause === undefined ? undefined : { cause })
    Object.assign(this, { code, kind, retryable, fieldErrors })
  }
}

/** An error of kind `usage`, by what happened and what to do about it. */
export function usageError(
  code: FreshetErrorOptions['code'],
  message: string,
  cause?: unknown,
): FreshetError {
  return new FreshetError({ code, kind: 'usage', message, cause })
}

/** The error as it is when it is ours, else wrapped with the given code; nothing is thrown away. */
export function asFreshetError(
  error: unknown,
  otherwise: Omit<FreshetErrorOptions, 'message' | 'cause'>,
): FreshetError {
  if (error instanceof FreshetError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new FreshetError({ ...otherwise, message, cause: error })
}
