import type { Value } from '../value.ts'

/** A value of a field; `undefined` when the record does not have it. */
export type Maybe = Value | undefined

/** A field as a session sees it. */
export type FieldState = {
  /** What the session is based on: the newest confirmed value it was shown. */
  readonly snapshot: Maybe
  readonly local: Maybe
  /** Present while local and remote changes contradict each other. */
  readonly conflict: FieldConflict | undefined
}

type FieldConflict = {
  /** What both sides started from. Kept until the conflict ends, however often the remote moves. */
  readonly base: Maybe
  readonly remote: Maybe
}

export type SameValue = (a: Maybe, b: Maybe) => boolean

/** Merges what a case-5 field may be merged to by its column's policy; `undefined`: leave it to the person. */
export type MergePolicy = (base: Maybe, local: Maybe, remote: Maybe) => { readonly value: Maybe } | undefined

/**
 * Moves a field onto a newer confirmed value [E1].
 *
 * An untouched field follows the remote; an edited one is kept; where both
 * changed to the same it is no longer edited; where they differ it is a
 * conflict, whose ancestor stays the one both sides started from.
 */
export function rebaseField(
  field: FieldState,
  remote: Maybe,
  same: SameValue,
  merge?: MergePolicy,
): FieldState {
  const { snapshot, local, conflict } = field
  const base = conflict ? conflict.base : snapshot
  const untouched = !conflict && same(local, snapshot)
  if (untouched) return { snapshot: remote, local: remote, conflict: undefined }
  if (same(local, remote)) return { snapshot: remote, local, conflict: undefined }
  // The remote went back to where both began: what is left is a plain edit.
  if (same(remote, base)) return { snapshot: remote, local, conflict: undefined }
  const merged = merge?.(base, local, remote)
  if (merged) return { snapshot: remote, local: merged.value, conflict: undefined }
  return { snapshot: remote, local, conflict: { base, remote } }
}

/** The user's change of a field; one that says what the remote says ends the conflict [E2]. */
export function editField(field: FieldState, local: Maybe, same: SameValue): FieldState {
  const ended = field.conflict !== undefined && same(local, field.conflict.remote)
  return { ...field, local, conflict: ended ? undefined : field.conflict }
}

/** Whether there is anything to save [E3]. */
export function isEdited({ snapshot, local }: FieldState, same: SameValue): boolean {
  return !same(local, snapshot)
}
