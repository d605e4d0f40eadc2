import type { FreshetError } from './errors.ts'
import type { RowEdit } from './overlay.ts'
import type { RowKey } from './projection.ts'
import type { RowFact } from './batch.ts'
import type { Row } from './value.ts'

/**
 * Something the user did, on its way to the remote.
 *
 * `request` is what the target is asked to do, as plain data; `edits` is how it
 * shows locally until then. Sending it twice must be the same as once, unless
 * `once` says that the remote makes the id.
 */
export type Operation = {
  readonly operationId: string
  /** Operations of one group are sent one after the other, in order [W6]. */
  readonly group: string
  readonly request: Row
  readonly edits: readonly (RowKey & { readonly edit: RowEdit })[]
  readonly createdAtUnixMs: number
  /** Never sent twice: an unknown outcome is reported, not repeated [W1]. */
  readonly once?: boolean | undefined
  /** Nobody waits for how it ends: if it fails it stays, and its rows wait behind it, until someone decides [W6]. */
  readonly stays?: boolean | undefined
  /** Operations that this one answers: they are taken back once it is noted. */
  readonly replaces?: readonly string[] | undefined
}

/** What the remote made of an operation. */
export type SendOutcome =
  /** Taken. The stored rows, where the remote told them; else they are read again. */
  | { readonly kind: 'confirmed'; readonly facts: readonly RowFact[]; readonly reply?: Row | undefined }
  /** Its guard did not hold: someone else wrote first. */
  | { readonly kind: 'conflict'; readonly current: Row | undefined }
  | { readonly kind: 'rejected'; readonly error: FreshetError }

/** How an operation ended, or that it is not over. */
export type OperationOutcome =
  | SendOutcome
  /** Sent, the answer was lost, and it cannot be found out any more what became of it. */
  | { readonly kind: 'unknown'; readonly error: FreshetError }
  /** Taken back by the user. */
  | { readonly kind: 'discarded' }
  /** It is noted and goes on later: in the next run, or when what it waits behind has been decided. */
  | { readonly kind: 'kept' }

/** How an operation failed. */
export type OperationFailure = Extract<OperationOutcome, { kind: 'conflict' | 'rejected' | 'unknown' }>

/** Where operations go. */
export interface WriteTarget {
  /**
   * Sends an operation.
   *
   * @throws {FreshetError} of kind `remote`, retryable, when it is not known
   *   whether the remote took it; it is then verified and, if need be, sent again.
   */
  send(operation: Operation, signal: AbortSignal): Promise<SendOutcome>
  /** Reads whether the remote shows the operation's effect [W4]; `undefined` when that cannot be told. */
  verify(operation: Operation, signal: AbortSignal): Promise<SendOutcome | undefined>
  /**
   * The one operation that does what two do that follow each other and have not
   * been sent [W9], under the first one's id; `nothing` when they cancel out,
   * `undefined` when both must be sent. Asked by an outbox that was given `mergeUnsent`.
   */
  merge?(first: Operation, next: Operation): Operation | 'nothing' | undefined
}
