import { createListeners, type Clock, type FreshetError, type QueuedOperation } from '@freshet/core'
import type { Readable } from './readable.ts'
import { describeWrite, type WriteContent } from './write-content.ts'

/** A write of ours and what became of it. */
export type WriteNote = WriteContent & {
  readonly operationId: string
  readonly sinceUnixMs: number
  readonly outcome: WriteState
}

type WriteState =
  /**
   * On its way, or waiting for the database. `unsure`: it was sent and the answer was lost.
   * `kept`: it is on the disk and survives a reload.
   */
  | {
      readonly kind: 'pending'
      readonly step: QueuedOperation['state']
      readonly kept: boolean
      /** What the last attempt failed with. */
      readonly trouble: string | undefined
    }
  | { readonly kind: 'confirmed' }
  /** Someone else wrote one of its fields first; nothing was written. */
  | (Failed & { readonly kind: 'conflict' })
  | (Failed & {
      readonly kind: 'rejected'
      readonly reason: string
      /** What the database said about single fields. */
      readonly fieldReasons: { readonly [field: string]: string }
    })

type Failed = {
  /** It is kept, to be tried again or discarded. */
  readonly stays: boolean
  /** A card holds its changes and tells of it. */
  readonly atCard: boolean
}

/**
 * The writes of one table as a person follows them: pending, for a moment
 * confirmed, or failed until they are put right or dismissed.
 */
export type WriteLedger = {
  /** The notes of a row, oldest first; the same array until one of them changes. */
  ofRow(id: string): readonly WriteNote[]
  get(operationId: string): WriteNote | undefined
  /** Notes of pending and failed writes, oldest first. */
  readonly open: Readable<readonly WriteNote[]>
  subscribe(listener: () => void): () => void
  /** Takes over what is queued now. */
  queued(operations: readonly QueuedOperation[]): void
  /** It is on the disk. */
  kept(operationId: string): void
  confirmed(operationId: string): void
  /** It was undone for this reason; without one it was taken back. */
  reverted(operationId: string, reason: FreshetError | 'conflict' | undefined): void
  /** A write that was not even taken. */
  refused(content: WriteContent, error: FreshetError): void
  /** A card takes up its changes. */
  takenUp(operationId: string): void
  /** Lets a failed write go, for good. */
  dismiss(operationId: string): void
}

/** How long a confirmation is shown. */
const confirmedForMs = 2_500

const none: readonly WriteNote[] = []

/** @param letGo - Takes a failed write that is kept out of the queue. */
export function createWriteLedger(clock: Clock, letGo: (operationId: string) => void): WriteLedger {
  const listeners = createListeners<void>(() => {})
  const notes = new Map<string, WriteNote>()
  let byRow = new Map<string, readonly WriteNote[]>()
  let open: readonly WriteNote[] = none
  let refusals = 0

  const changed = (): void => {
    const fresh = new Map<string, WriteNote[]>()
    for (const note of notes.values()) fresh.set(note.id, [...(fresh.get(note.id) ?? []), note])
    byRow = new Map([...fresh].map(([id, list]) => [id, keep(byRow.get(id), list)]))
    open = keep(
      open,
      [...notes.values()].filter(({ outcome }) => outcome.kind !== 'confirmed'),
    )
    listeners.emit()
  }
  const update = (operationId: string, outcome: WriteState): WriteNote | undefined => {
    const note = notes.get(operationId)
    if (note === undefined) return undefined
    const updated = { ...note, outcome }
    notes.set(operationId, updated)
    return updated
  }
  const add = (queued: QueuedOperation): void => {
    const { operation, state } = queued
    const content = describeWrite(operation)
    if (content === undefined) return
    const note: WriteNote = {
      ...content,
      operationId: operation.operationId,
      sinceUnixMs: operation.createdAtUnixMs,
      // What is unsure when it is first seen was read from the disk: an earlier run may have sent it.
      outcome: stateOf(queued, state !== 'queued'),
    }
    // A new attempt at the same field answers what was refused before.
    for (const [operationId, old] of notes) {
      const answered = note.fields.some((field) => old.fields.includes(field)) || note.op !== 'patch'
      if (old.id === note.id && isOver(old) && answered) notes.delete(operationId)
    }
    notes.set(operation.operationId, note)
  }
  /** Of one that left the queue without a word nothing more is known; the row shows what is stored. */
  const forget = (operationIds: readonly string[]): void => {
    for (const operationId of operationIds) {
      const outcome = notes.get(operationId)?.outcome
      if (outcome?.kind === 'pending' || (outcome && 'stays' in outcome && outcome.stays))
        notes.delete(operationId)
    }
    changed()
  }

  return {
    ofRow: (id) => byRow.get(id) ?? none,
    get: (operationId) => notes.get(operationId),
    open: { get: () => open, subscribe: (listener) => listeners.add(listener) },
    subscribe: (listener) => listeners.add(listener),
    queued(operations) {
      const now = new Map(operations.map((queued) => [queued.operation.operationId, queued]))
      for (const queued of operations) {
        const known = notes.get(queued.operation.operationId)
        if (known === undefined) add(queued)
        else if (known.outcome.kind !== 'confirmed') {
          const kept = known.outcome.kind !== 'pending' || known.outcome.kept
          const fresh = stateOf(queued, kept, known.outcome)
          if (!isSame(known.outcome, fresh)) update(known.operationId, fresh)
        }
      }
      const left = [...notes.keys()].filter((operationId) => !now.has(operationId))
      if (left.length > 0) clock.schedule(() => forget(left), 0)
      changed()
    },
    kept(operationId) {
      const note = notes.get(operationId)
      if (note?.outcome.kind !== 'pending') return
      update(operationId, { ...note.outcome, kept: true })
      changed()
    },
    confirmed(operationId) {
      if (update(operationId, { kind: 'confirmed' }) === undefined) return
      changed()
      clock.schedule(() => {
        notes.delete(operationId)
        changed()
      }, confirmedForMs)
    },
    reverted(operationId, reason) {
      if (reason === undefined) notes.delete(operationId)
      else update(operationId, reason === 'conflict' ? { kind: 'conflict', ...notKept } : rejection(reason))
      changed()
    },
    refused(content, error) {
      const operationId = `refused-${++refusals}`
      notes.set(operationId, { ...content, operationId, sinceUnixMs: clock.now(), outcome: rejection(error) })
      changed()
    },
    takenUp(operationId) {
      const note = notes.get(operationId)
      if (note === undefined || !isOver(note)) return
      notes.set(operationId, { ...note, outcome: { ...note.outcome, atCard: true } })
      changed()
    },
    dismiss(operationId) {
      const outcome = notes.get(operationId)?.outcome
      notes.delete(operationId)
      if (outcome !== undefined && 'stays' in outcome && outcome.stays) letGo(operationId)
      changed()
    },
  }
}

function stateOf(queued: QueuedOperation, kept: boolean, before?: WriteState): WriteState {
  const { state, lastError, failure } = queued
  if (failure === undefined) return { kind: 'pending', step: state, kept, trouble: lastError?.message }
  const atCard = before !== undefined && 'atCard' in before && before.atCard
  if (failure.kind === 'conflict') return { kind: 'conflict', stays: true, atCard }
  return { ...rejection(failure.error), stays: true, atCard }
}

function isSame(a: WriteState, b: WriteState): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === 'pending' && b.kind === 'pending')
    return a.step === b.step && a.kept === b.kept && a.trouble === b.trouble
  return 'stays' in a && 'stays' in b && a.stays === b.stays && a.atCard === b.atCard
}

/** Whether nothing more becomes of it by itself, so that a new attempt at the same takes its place. */
function isOver(note: WriteNote): note is WriteNote & { readonly outcome: FailedState } {
  return note.outcome.kind === 'rejected' || note.outcome.kind === 'conflict'
}

type FailedState = Extract<WriteState, { readonly kind: 'rejected' | 'conflict' }>

const notKept: Failed = { stays: false, atCard: false }

function rejection({
  message,
  fieldErrors,
}: FreshetError): Extract<WriteState, { readonly kind: 'rejected' }> {
  const fieldReasons = Object.fromEntries(fieldErrors.map((each) => [each.field, each.message]))
  return { kind: 'rejected', reason: message, fieldReasons, ...notKept }
}

/** The old array where nothing in it changed, so that only rows with news render again. */
function keep(old: readonly WriteNote[] | undefined, fresh: readonly WriteNote[]): readonly WriteNote[] {
  const same = old?.length === fresh.length && fresh.every((note, index) => note === old[index])
  return same && old !== undefined ? old : fresh
}
