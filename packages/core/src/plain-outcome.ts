import { FreshetError, type FieldError } from './errors.ts'
import type { OperationOutcome } from './operation.ts'

/** An error as data, for a store or another tab. Its cause stays behind. */
export type PlainError = {
  readonly code: FreshetError['code']
  readonly kind: FreshetError['kind']
  readonly retryable: boolean
  readonly message: string
  readonly fieldErrors: readonly FieldError[]
}

type WithError = Extract<OperationOutcome, { readonly error: FreshetError }>

export type PlainOutcome =
  | Exclude<OperationOutcome, WithError>
  | { readonly kind: WithError['kind']; readonly error: PlainError }

export function toPlainError({ code, kind, retryable, message, fieldErrors }: FreshetError): PlainError {
  return { code, kind, retryable, message, fieldErrors }
}

export function toPlainOutcome(outcome: OperationOutcome): PlainOutcome {
  return 'error' in outcome ? { kind: outcome.kind, error: toPlainError(outcome.error) } : outcome
}

export function fromPlainOutcome(outcome: PlainOutcome): OperationOutcome {
  return 'error' in outcome ? { kind: outcome.kind, error: new FreshetError(outcome.error) } : outcome
}
