import {
  createListeners,
  valuesEqual,
  type Clock,
  type FreshetError,
  type Maybe,
  type RecordConflict,
  type Resolution,
} from '@freshet/core'
import type { RecordEdit, SaveResult, TableSchema } from '@freshet/table'
import { fieldType } from '../value/field-type.ts'
import type { Readable } from './readable.ts'
import type { WriteLedger, WriteNote } from './write-ledger.ts'

/** One field of a card. `followed`: someone else has just changed it; `queued`: its change waits in a save. */
export type CardField = {
  readonly field: string
  readonly value: Maybe
  readonly state: 'clean' | 'modified' | 'followed' | 'queued' | 'conflict'
  readonly conflict: RecordConflict | undefined
  /** Why the database refused it. */
  readonly reason: string | undefined
}

export type CardState = {
  readonly id: string
  readonly record: RecordEdit['state']
  readonly fields: readonly CardField[]
  readonly modified: readonly string[]
  readonly conflicts: number
  /** A save is being noted. */
  readonly isSaving: boolean
  /** Saves of this card that wait, oldest first. */
  readonly queued: readonly WriteNote[]
  /** How the last save ended, until something is edited. */
  readonly last: LastSave | undefined
}

type LastSave =
  | { readonly kind: 'saved' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly reason: string }

/** A row being edited, as a page draws it: the session's state in one value, with what became of its saves. */
export type RecordCard = Readable<CardState> & {
  readonly id: string
  set(field: string, value: Maybe): void
  resolve(field: string, how: Resolution): void
  /** Takes one field back, or all. */
  revert(field?: string): void
  save(): void
  recreate(): void
  /** Drops the draft, with the failed saves it holds; what is queued goes on. */
  discard(): void
  /** Ends the card; what is queued, or failed and is kept, stays there. */
  dispose(): void
}

/** How long a field that someone else changed is marked. */
const followedForMs = 8_000

export type RecordCardOptions = {
  readonly edit: RecordEdit
  readonly schema: TableSchema
  readonly writes: WriteLedger
  readonly clock: Clock
}

export function createRecordCard({ edit, schema, writes, clock }: RecordCardOptions): RecordCard {
  const listeners = createListeners<void>(() => {})
  const followed = new Set<string>()
  const saves = new Set<string>()
  let reasons: { readonly [field: string]: string } = {}
  let last: LastSave | undefined
  let isOurs = false
  let isSaving = false
  let shown = edit.local()

  const draw = (): CardState => {
    const conflicts = new Map(edit.conflicts().map((conflict) => [conflict.field, conflict]))
    const queued = [...saves].flatMap((operationId) => writes.get(operationId) ?? [])
    const waiting = new Set(queued.flatMap(({ fields }) => fields))
    const modified = edit.getModifiedFields()
    const stateOf = (field: string): CardField['state'] => {
      if (conflicts.has(field)) return 'conflict'
      if (modified.includes(field)) return 'modified'
      if (waiting.has(field)) return 'queued'
      return followed.has(field) ? 'followed' : 'clean'
    }
    const fields = fieldsOf(schema, edit).map((field): CardField => ({
      field,
      value: edit.get(field),
      state: stateOf(field),
      conflict: conflicts.get(field),
      reason: Object.hasOwn(reasons, field) ? reasons[field] : undefined,
    }))
    const { id, state: record } = edit
    return { id, record, fields, modified, conflicts: conflicts.size, isSaving, queued, last }
  }
  let state = draw()
  const changed = (): void => {
    state = draw()
    listeners.emit()
  }
  const isSame = (field: string, a: Maybe, b: Maybe): boolean => valuesEqual(a, b, fieldType(schema, field))
  /** What changed in the draft without our doing, someone else did. */
  const noteFollowed = (): void => {
    const now = edit.local()
    const fields = [...new Set([...Object.keys(now), ...Object.keys(shown)])]
    const before = shown
    const moved = isOurs ? [] : fields.filter((field) => !isSame(field, now[field], before[field]))
    shown = now
    for (const field of moved) {
      followed.add(field)
      clock.schedule(() => {
        if (followed.delete(field)) changed()
      }, followedForMs)
    }
  }
  const ours = (work: () => void, answered?: string): void => {
    isOurs = true
    work()
    isOurs = false
    const { [answered ?? '']: _, ...others } = reasons
    reasons = answered === undefined ? {} : others
    last = undefined
    changed()
  }
  const failed = (error: FreshetError, fieldReasons: { readonly [field: string]: string }): void => {
    last = { kind: 'failed', reason: error.message }
    reasons = fieldReasons
  }
  /** What becomes of our saves is told in the card alone. */
  const noteWrites = (): void => {
    for (const operationId of [...saves]) {
      const note = writes.get(operationId)
      if (note?.outcome.kind === 'pending') continue
      saves.delete(operationId)
      switch (note?.outcome.kind) {
        case 'confirmed':
          last = { kind: 'saved' }
          break
        case 'conflict':
          last = { kind: 'conflict' }
          break
        case 'rejected':
          last = { kind: 'failed', reason: note.outcome.reason }
          reasons = reasonsOf(note)
          break
        case undefined:
          last = undefined
      }
      if (note !== undefined && note.outcome.kind !== 'confirmed') writes.takenUp(operationId)
    }
    changed()
  }
  const noteResult = (result: SaveResult): void => {
    isSaving = false
    switch (result.kind) {
      case 'saved':
      case 'created':
      case 'partial':
        last = { kind: 'saved' }
        break
      case 'conflict':
        last = { kind: 'conflict' }
        break
      case 'queued':
        saves.add(result.operationId)
        return noteWrites()
      case 'error':
        failed(
          result.error,
          Object.fromEntries(result.fieldErrors.map(({ field, message }) => [field, message])),
        )
    }
    changed()
  }
  const send = (work: Promise<SaveResult>): void => {
    reasons = {}
    last = undefined
    isSaving = true
    changed()
    work.then(noteResult, (error: FreshetError) => {
      isSaving = false
      failed(error, {})
      changed()
    })
  }
  const stops = [
    edit.subscribe(() => {
      noteFollowed()
      if (!isOurs) changed()
    }),
    writes.subscribe(() => {
      if (saves.size > 0) noteWrites()
    }),
  ]

  const dispose = (): void => {
    for (const stop of stops) stop()
    edit.dispose()
  }
  // What failed before the card was opened is in its draft.
  for (const operationId of edit.answers) writes.takenUp(operationId)

  return {
    id: edit.id,
    get: () => state,
    subscribe: (listener) => listeners.add(listener),
    set: (field, value) => ours(() => edit.set(field, value), field),
    resolve: (field, how) => ours(() => edit.resolve(field, how), field),
    revert: (field) => ours(() => edit.revert(field), field),
    save: () => send(edit.save({ wait: 'local' })),
    recreate: () => send(edit.recreate({ wait: 'local' })),
    discard() {
      const { answers } = edit
      dispose()
      for (const operationId of answers) writes.dismiss(operationId)
    },
    dispose,
  }
}

/** The columns, then whatever else the row holds. */
function fieldsOf({ columns, idField }: TableSchema, edit: RecordEdit): readonly string[] {
  const fields = new Set([...Object.keys(columns), ...Object.keys(edit.local())])
  return [...fields].filter((field) => field !== idField)
}

/** A refusal that names no field is told at the only one that was sent. */
function reasonsOf({ outcome, fields }: WriteNote): { readonly [field: string]: string } {
  if (outcome.kind !== 'rejected') return {}
  const [only, ...others] = fields
  const isNamed = Object.keys(outcome.fieldReasons).length > 0
  if (isNamed || only === undefined || others.length > 0) return outcome.fieldReasons
  return { [only]: outcome.reason }
}
