import type { FieldError, FreshetError, Maybe, RecordConflict } from '@freshet/core'

/**
 * A sent field that the database stored otherwise.
 *
 * `cause`: `coerced`: so says the answer to the write itself. `overwritten`: it
 * was seen as it was sent, and someone else has written it since. `unknown`: the
 * row was read afterwards, and which of the two it was cannot be told.
 */
export type PartialField = {
  readonly field: string
  readonly sent: Maybe
  readonly stored: Maybe
  readonly cause: 'coerced' | 'overwritten' | 'unknown'
}

/** How a save ended. Only misuse of a session throws. */
export type SaveResult =
  /** The draft is what the database holds; after a deletion, the row is gone. */
  | { readonly kind: 'saved' }
  | { readonly kind: 'created'; readonly id: string }
  /**
   * Stored, but some fields otherwise than they were sent. Coerced ones stay
   * modified until `acceptStored` adopts them; otherwise the
   * draft follows what is stored.
   */
  | { readonly kind: 'partial'; readonly fields: readonly PartialField[] }
  /**
   * Nothing was written: someone else changed fields of this draft, deleted the
   * row, or made one of the same id. The draft is kept. Saving again after
   * `changed` overwrites what was seen; after `deleted`, `recreate` or `discard`.
   */
  | {
      readonly kind: 'conflict'
      readonly reason: 'changed' | 'deleted' | 'exists'
      readonly conflicts: readonly RecordConflict[]
    }
  /** Noted, and sent when the database is in reach. If it fails then, the fields are edits again. */
  | { readonly kind: 'queued'; readonly operationId: string }
  /** Refused or failed; the draft is as it was. */
  | { readonly kind: 'error'; readonly error: FreshetError; readonly fieldErrors: readonly FieldError[] }
