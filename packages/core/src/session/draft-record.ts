import { columnType, valuesEqual } from '../value-equality.ts'
import type { ColumnTypes } from '../schema.ts'
import { isRecord, type Row, type Value } from '../value.ts'
import { editField, isEdited, rebaseField, type FieldState, type Maybe } from './merge-field.ts'
import { mergePolicy, type ColumnPolicy } from './merge-policies.ts'

/** A conflict of one field: what both sides started from, and what each made of it. */
export type RecordConflict = {
  readonly field: string
  readonly base: Maybe
  readonly local: Maybe
  readonly remote: Maybe
}

/** How a conflict is to end: with one side's value, or another one. */
export type Resolution = 'local' | 'remote' | { readonly value: Maybe }

/** What a save must write to bring the remote from the snapshot to the draft. */
export type RecordChange = {
  readonly set: Row
  readonly unset: readonly string[]
  /** The snapshot's values of exactly these fields; `undefined` demands that the field is absent. */
  readonly expect: { readonly [field: string]: Maybe }
}

/**
 * A record being edited, three-way: what it was based on, what the user made of
 * it, what the remote says now [E1–E6]. It may hold anything, half-typed or of
 * the wrong type: nothing is judged here.
 */
export type DraftRecord = {
  /** The newest confirmed row the draft was shown; `undefined` for a new record. */
  readonly snapshot: Row | undefined
  /** The draft as a row. The same object until it changes. */
  local(): Row
  get(field: string): Maybe
  set(field: string, value: Maybe): void
  modifiedFields(options?: { readonly deep?: boolean | undefined }): readonly string[]
  isModified(field: string): boolean
  conflicts(): readonly RecordConflict[]
  /** Ends a conflict; does nothing where there is none. */
  resolve(field: string, how: Resolution): void
  /** Takes a field, or all, back to the snapshot. */
  revert(field?: string): void
  /** Moves the draft onto a newer confirmed row; returns the fields now in conflict. */
  rebase(remote: Row): readonly string[]
  /**
   * Takes over what the remote stored of a change that was sent [E7]. What was
   * typed meanwhile stays; other fields follow the row as by `rebase`.
   *
   * @returns The sent fields that were stored otherwise; they stay modified.
   */
  accept(stored: Row, sent: RecordChange): readonly string[]
  /** What to save. Fields in conflict are part of it: saving them is how a person says "mine". */
  change(): RecordChange
}

export type DraftRecordOptions = {
  readonly columns?: ColumnTypes | undefined
  /** Default `atomic` for every field. */
  readonly policies?: { readonly [field: string]: ColumnPolicy } | undefined
  /** Of a draft that was kept: the conflicts it had then. */
  readonly conflicts?: readonly Pick<RecordConflict, 'field' | 'base' | 'remote'>[] | undefined
}

export function createDraftRecord(
  snapshot: Row | undefined,
  local: Row,
  options: DraftRecordOptions = {},
): DraftRecord {
  const { columns = {}, policies = {}, conflicts = [] } = options
  const fields = new Map<string, FieldState>()
  let based = snapshot
  let row: Row | undefined

  const sameIn = (field: string) => (a: Maybe, b: Maybe) => valuesEqual(a, b, columnType(columns, field))
  const stateOf = (field: string): FieldState =>
    fields.get(field) ?? { snapshot: undefined, local: undefined, conflict: undefined }
  const put = (field: string, state: FieldState): void => {
    fields.set(field, state)
    row = undefined
  }
  const policyOf = (field: string) =>
    mergePolicy(Object.hasOwn(policies, field) ? (policies[field] ?? 'atomic') : 'atomic')
  const edited = (): string[] =>
    [...fields].filter(([field, state]) => isEdited(state, sameIn(field))).map(([field]) => field)

  for (const field of new Set([...Object.keys(snapshot ?? {}), ...Object.keys(local)])) {
    put(field, { snapshot: own(snapshot, field), local: own(local, field), conflict: undefined })
  }
  for (const { field, base, remote } of conflicts)
    put(field, { ...stateOf(field), conflict: { base, remote } })

  return {
    get snapshot() {
      return based
    },
    local() {
      row ??= Object.fromEntries(
        [...fields].flatMap(([field, state]) => (state.local === undefined ? [] : [[field, state.local]])),
      )
      return row
    },
    get: (field) => stateOf(field).local,
    set: (field, value) => put(field, editField(stateOf(field), value, sameIn(field))),
    modifiedFields({ deep = false } = {}) {
      if (!deep) return edited()
      return edited().flatMap((field) => leafPaths(field, stateOf(field).snapshot, stateOf(field).local))
    },
    isModified: (field) => isEdited(stateOf(field), sameIn(field)),
    conflicts: () =>
      [...fields].flatMap(([field, { conflict, local: mine }]) =>
        conflict ? [{ field, base: conflict.base, local: mine, remote: conflict.remote }] : [],
      ),
    resolve(field, how) {
      const state = stateOf(field)
      if (!state.conflict) return
      const value = how === 'local' ? state.local : how === 'remote' ? state.conflict.remote : how.value
      put(field, { snapshot: state.snapshot, local: value, conflict: undefined })
    },
    revert(field) {
      for (const reverted of field === undefined ? [...fields.keys()] : [field]) {
        const state = stateOf(reverted)
        put(reverted, { snapshot: state.snapshot, local: state.snapshot, conflict: undefined })
      }
    },
    rebase(remote) {
      for (const field of new Set([...fields.keys(), ...Object.keys(remote)])) {
        put(field, rebaseField(stateOf(field), own(remote, field), sameIn(field), policyOf(field)))
      }
      based = remote
      return [...fields].flatMap(([field, { conflict }]) => (conflict ? [field] : []))
    },
    accept(stored, sent) {
      const sentFields = new Set([...Object.keys(sent.set), ...sent.unset])
      const otherwise: string[] = []
      for (const field of new Set([...fields.keys(), ...Object.keys(stored)])) {
        const kept = own(stored, field)
        if (!sentFields.has(field)) {
          put(field, rebaseField(stateOf(field), kept, sameIn(field), policyOf(field)))
          continue
        }
        const same = sameIn(field)
        const asked = own(sent.set, field)
        const { local: mine } = stateOf(field)
        const asSent = same(kept, asked)
        if (!asSent) otherwise.push(field)
        put(field, { snapshot: kept, local: asSent && same(mine, asked) ? kept : mine, conflict: undefined })
      }
      based = stored
      return otherwise
    },
    change() {
      const dirty = edited().map((field) => [field, stateOf(field)] as const)
      return {
        set: Object.fromEntries(
          dirty.flatMap(([field, { local: mine }]) => (mine === undefined ? [] : [[field, mine]])),
        ),
        unset: dirty.flatMap(([field, { local: mine }]) => (mine === undefined ? [field] : [])),
        expect: Object.fromEntries(dirty.map(([field, state]) => [field, state.snapshot])),
      }
    },
  }
}

/** The paths of the leaves that differ, such as `inventory.stock`; a field that is no record is its own leaf. */
function leafPaths(path: string, before: Maybe, after: Maybe): string[] {
  if (!isRecord(before) || !isRecord(after)) return valuesEqual(before, after) ? [] : [path]
  const members = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...members].flatMap((member) =>
    leafPaths(`${path}.${member}`, own(before, member), own(after, member)),
  )
}

function own(row: Row | undefined, field: string): Value | undefined {
  return row && Object.hasOwn(row, field) ? row[field] : undefined
}
