import {
  asFreshetError,
  createDraftRecord,
  FreshetError,
  type Maybe,
  type OperationOutcome,
  type RecordChange,
  type RecordConflict,
  type Resolution,
  type Row,
} from '@freshet/core'
import { definedFields } from '../as-table.ts'
import type { WriteResult } from '../table-writer.ts'
import { draftData, type DraftData } from './draft-data.ts'
import type { EditHost, RecordEditStart } from './edit-host.ts'
import { applyChange, createQueuedSaves, isInsert, undoOf, type QueuedSave } from './queued-saves.ts'
import { changeWithout, differences, guardOf, own, type Frozen, type SaveGuard } from './save-guard.ts'
import type { SaveResult } from './save-result.ts'
import { partialFields, seenAsSent } from './seen-as-sent.ts'

export type SaveOptions = {
  /** Default `fields`. */
  readonly guard?: SaveGuard | undefined
  /** `remote` (default): when the database has answered. `local`: when the save is noted. */
  readonly wait?: 'remote' | 'local' | undefined
}

/**
 * An edit in progress: a draft that never loses a keystroke, follows what
 * others change elsewhere in the record, and says where both changed the same.
 *
 * Nothing is validated before `save`: a field may hold anything, half-typed or
 * of the wrong type.
 */
export interface RecordEdit<R extends Row = Row> {
  /** A new record has a temporary id until the backend has made one. */
  readonly id: string
  /** Whether the record is not stored yet. */
  readonly isNew: boolean
  /** `gone`: deleted by someone else, with nothing edited here. `deleted`: deleted, and the draft is kept. */
  readonly state: 'editing' | 'gone' | 'deleted' | 'disposed'
  /** The fields, to read and assign; nested records too. */
  readonly data: DraftData<R>
  /** The newest confirmed row this draft was shown; `undefined` for a new record. */
  readonly liveSnapshot: R | undefined
  /** When that was. */
  readonly snapshotTime: Date
  local(): Row
  get(field: string): Maybe
  set(field: string, value: Maybe): void
  getModifiedFields(options?: { readonly deep?: boolean | undefined }): readonly string[]
  isFieldModified(field: string): boolean
  conflicts(): readonly RecordConflict[]
  resolve(field: string, how: Resolution): void
  revert(field?: string): void
  /** Reads the row and moves the draft onto it; resolves with the fields in conflict. */
  refreshSnapshot(): Promise<readonly string[]>
  /**
   * Sends the modified fields, and only those. A second save waits for the
   * first. What is typed meanwhile stays modified.
   *
   * @throws {FreshetError} `session/disposed`.
   */
  save(options?: SaveOptions): Promise<SaveResult>
  /** Adopts what the database stored instead of what was sent. */
  acceptStored(fields?: readonly string[]): void
  /** Inserts the whole draft again after someone else deleted the row. */
  recreate(options?: Pick<SaveOptions, 'wait'>): Promise<SaveResult>
  /**
   * Deletes the row while all of it is as it was seen; with the guard `none`
   * whatever it is. A row that is gone already is `saved` too.
   */
  delete(options?: SaveOptions): Promise<SaveResult>
  /**
   * Queued saves of this row that failed, and whose changes are edits of this
   * draft. The next save takes their place in the outbox.
   */
  readonly answers: readonly string[]
  /**
   * Keeps the draft on the disk, over restarts, under the returned id; saving
   * it again keeps it under the same. A save that succeeds, or is queued, lets it go.
   *
   * @throws {FreshetError} `session/no-store`; `storage/*`: it is not kept.
   */
  saveDraft(): Promise<string>
  subscribe(listener: () => void): () => void
  /** Ends the session; what is not saved, queued or kept by `saveDraft` is dropped. */
  dispose(): void
  [Symbol.asyncDispose](): Promise<void>
}

/** Errors after which a write may have been taken or not. */
const unknownOutcomes: ReadonlySet<string> = new Set(['table/unreachable', 'outbox/unknown-outcome'])

/** A guard that fails over and over although nothing contradicts the draft is given up. */
const maxAttempts = 3

export function createRecordEdit<R extends Row>(host: EditHost, start: RecordEditStart): RecordEdit<R> {
  const { columns, policies } = host
  const { snapshot, local, conflicts } = start
  const draft = createDraftRecord(snapshot, local, { columns, policies, conflicts })
  const listeners = new Set<() => void>()
  let { id, draftId } = start
  let isNew = start.newId !== undefined
  let state: RecordEdit['state'] = 'editing'
  let seen = snapshot
  let snapshotAt = host.nowUnixMs()
  let saving = false
  let last: Promise<unknown> = Promise.resolve()
  /** Saves that were asked for and are not over, with what was typed over since. */
  const saves = new Set<Frozen>()
  let answers: readonly string[] = start.answers ?? []
  /** The deletion that is queued. */
  let deletion: string | undefined
  const queue = createQueuedSaves()
  /** Writes settled while a save was being noted, before its operation was known. */
  const settledEarly = new Map<string, OperationOutcome['kind']>()

  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const showRow = (confirmed: Row | undefined): void => {
    seen = confirmed
    const row = queue.onto(confirmed)
    if (row) {
      draft.rebase(row)
      snapshotAt = host.nowUnixMs()
      state = 'editing'
    } else if (!isNew) state = draft.modifiedFields().length > 0 || queue.size > 0 ? 'deleted' : 'gone'
    changed()
  }
  const follow = (): void => {
    if (start.track === 'manual' || saving || isNew || state === 'disposed') return
    const row = host.confirmed(id)
    if (row !== seen) showRow(row)
  }
  const stopFollowing = host.onChange(follow)

  const accept = (kept: Row, sent: RecordChange): void => {
    draft.accept(kept, sent)
    // What the next save froze is based on this one.
    for (const frozen of saves) {
      for (const [field, held] of frozen) {
        if (Object.hasOwn(sent.set, field) || sent.unset.includes(field))
          frozen.set(field, { ...held, base: own(kept, field) })
      }
    }
  }
  const stored = async (
    row: Row | undefined,
    sent: RecordChange,
    overwritable: ReadonlySet<string>,
  ): Promise<SaveResult> => {
    const asSent = applyChange(draft.snapshot ?? {}, sent)
    const told = row ?? (await readAgain()) ?? asSent
    accept(row ?? asSent, sent)
    // What was not told by the answer is what anyone may have written since: it is followed.
    if (!row) draft.rebase(told)
    seen = host.confirmed(id) ?? told
    snapshotAt = host.nowUnixMs()
    const fields = partialFields(host, sent, told, row ? 'told' : overwritable)
    return fields.length > 0 ? { kind: 'partial', fields } : { kind: 'saved' }
  }
  const readAgain = (): Promise<Row | undefined> =>
    host.refresh(id).then(
      () => host.confirmed(id),
      () => undefined,
    )
  const queued = (operationId: string, sent: RecordChange): SaveResult => {
    // Shown as saved; if it fails the draft stands again against what is confirmed.
    accept(applyChange(draft.snapshot ?? {}, sent), sent)
    state = 'editing'
    queue.add(operationId, sent, host.confirmed(id))
    // It stands behind one that failed before it was noted.
    if (host.isParked(id)) settled(operationId, 'kept')
    else settleEarly(operationId)
    return { kind: 'queued', operationId }
  }
  const settleEarly = (operationId: string): void => {
    const outcome = settledEarly.get(operationId)
    settledEarly.clear()
    if (outcome !== undefined) settled(operationId, outcome)
  }
  const settled = (operationId: string, outcome: OperationOutcome['kind']): void => {
    if (state === 'disposed') return
    if (operationId === deletion) return deletionSettled(operationId, outcome)
    const isAnswered = answers.includes(operationId)
    const isOver = outcome === 'confirmed' || outcome === 'discarded'
    const isAhead = outcome === 'confirmed' && queue.isNotedOn(operationId, host.confirmed(id))
    const taken = isOver ? takenSave(operationId, outcome === 'confirmed') : failedSaves(operationId, outcome)
    if (isOver && isAnswered) answers = answers.filter((answered) => answered !== operationId)
    if (!isOver && taken) answers = [...answers, ...taken.map(([failed]) => failed).toReversed()]
    for (const [, sent] of taken ?? []) standAgain(sent)
    // A record that was refused is not there yet.
    isNew ||= outcome === 'rejected' && (taken ?? []).some(([, sent]) => isInsert(sent))
    // Acknowledged, and its row is still to come: what is shown is what that will be.
    if (isAhead && taken?.length === 0) changed()
    else if (taken || (isOver && isAnswered && !saving)) showRow(host.confirmed(id))
    else if (saving) settledEarly.set(operationId, outcome)
  }
  /** What of a queued save that is over must stand again: one taken back, and an insert that found another row. */
  const takenSave = (operationId: string, isConfirmed: boolean): readonly QueuedSave[] | undefined => {
    const sent = queue.settle(operationId, isConfirmed)
    if (!sent) return undefined
    const row = host.confirmed(id)
    const isOther = isInsert(sent) && row && differences(sent.set, row, host).length > 0
    return !isConfirmed || isOther ? [[operationId, sent]] : []
  }
  /** What comes after a refused change goes on; the rest waits behind what failed. */
  const failedSaves = (
    operationId: string,
    outcome: OperationOutcome['kind'],
  ): readonly QueuedSave[] | undefined => {
    const refused = outcome === 'rejected' ? queue.find(operationId) : undefined
    if (!refused || isInsert(refused)) return queue.takeBack(operationId)
    queue.settle(operationId, false)
    return [[operationId, refused]]
  }
  /** The fields of a save are edits again, of what they were based on. */
  const standAgain = (sent: RecordChange): void => {
    const undo = undoOf(sent)
    draft.accept(applyChange(draft.snapshot ?? {}, undo), undo)
  }
  const deletionSettled = (operationId: string, outcome: OperationOutcome['kind']): void => {
    deletion = undefined
    if (outcome !== 'confirmed' && outcome !== 'discarded') answers = [...answers, operationId]
    showRow(outcome === 'confirmed' ? undefined : host.confirmed(id))
  }
  host.onSettled(settled)
  for (const { operationId, sent } of (start.failed ?? []).toReversed()) {
    answers = [operationId, ...answers]
    standAgain(sent)
  }
  if ((start.failed ?? start.draftId) !== undefined) {
    const row = host.confirmed(id)
    isNew &&= row === undefined
    if (row || (!isNew && host.isKnown(id))) showRow(row)
  }
  const conflict = (row: Row | undefined): SaveResult => {
    showRow(row)
    if (!row) return { kind: 'conflict', reason: 'deleted', conflicts: [] }
    return { kind: 'conflict', reason: 'changed', conflicts: draft.conflicts() }
  }

  /** Where nobody knows whether a save was taken, the row says. */
  const settledByReading = async (error: unknown, { set, unset }: RecordChange): Promise<WriteResult> => {
    const isUnknown = error instanceof FreshetError && unknownOutcomes.has(error.code)
    const row = isUnknown ? await readAgain() : undefined
    const shows =
      row && differences(set, row, host).length === 0 && unset.every((field) => !Object.hasOwn(row, field))
    if (!shows) throw error
    return { kind: 'stored', id, row }
  }
  const update = async (frozen: Frozen, { guard = 'fields', wait }: SaveOptions): Promise<SaveResult> => {
    for (let attempt = 1; ; attempt++) {
      const sent = changeWithout(frozen, draft, host)
      const { set, unset, expect } = sent
      if (Object.keys(expect).length === 0) {
        host.discard(answers)
        return { kind: 'saved' }
      }
      const asked = { expect: guardOf(guard, sent, draft.snapshot, host), wait, replaces: answers }
      const asSent = seenAsSent(host, id, sent)
      try {
        const result = await host
          .patch(id, { set, unset }, asked)
          .catch((error: unknown) => settledByReading(error, sent))
        switch (result.kind) {
          case 'stored':
            return await stored(result.row, sent, asSent.fields)
          case 'queued':
            return queued(result.operationId, sent)
          case 'deleted':
            return conflict(undefined)
          case 'conflict': {
            const found = conflict(result.row)
            // Others changed other fields: the guard is for what is written now.
            const isClear = guard === 'fields' && draft.conflicts().length === 0
            if (!isClear || !result.row || attempt === maxAttempts) return found
          }
        }
      } finally {
        asSent.stop()
      }
    }
  }
  const insert = async (frozen: Frozen, { wait }: SaveOptions): Promise<SaveResult> => {
    const before = [...frozen].map(([field, { local: held }]) => [field, held] as const)
    const row = definedFields({ ...draft.local(), ...Object.fromEntries(before) })
    const sent: RecordChange = { set: row, unset: [], expect: {} }
    const byBackend = start.newId === 'backend' && isNew
    const result = byBackend
      ? await host.insertReturnId(row)
      : await host.insert(id, row, { wait, replaces: answers })
    if (result.kind === 'queued') {
      isNew = false
      return queued(result.operationId, sent)
    }
    if (result.kind !== 'stored') return conflict(undefined)
    const others = result.row ? differences(row, result.row, host) : []
    if (others.length > 0 && start.newId === 'given') {
      isNew = false
      showRow(result.row)
      return { kind: 'conflict', reason: 'exists', conflicts: others }
    }
    if (byBackend) host.idChanged(id, result.id)
    id = result.id
    isNew = false
    state = 'editing'
    const kept = await stored(result.row, sent, new Set())
    return kept.kind === 'partial' ? kept : { kind: 'created', id }
  }
  const remove = async ({ guard = 'version', wait }: SaveOptions): Promise<SaveResult> => {
    if (isNew || state === 'gone' || state === 'deleted') {
      host.discard(answers)
      state = 'gone'
      return { kind: 'saved' }
    }
    const whole = guard === 'none' ? 'none' : 'version'
    const expect = guardOf(whole, draft.change(), draft.snapshot, host)
    const result = await host.delete(id, { expect, wait, replaces: answers })
    if (result.kind === 'conflict' && result.row) return conflict(result.row)
    state = 'gone'
    if (result.kind !== 'queued') return { kind: 'saved' }
    deletion = result.operationId
    settleEarly(deletion)
    return { kind: 'queued', operationId: result.operationId }
  }

  const attempt = async (work: () => Promise<SaveResult>): Promise<SaveResult> => {
    saving = true
    try {
      const result = await work()
      // What is kept too long is no loss: opened again it finds nothing left to save.
      await keepDraft(result).catch(() => {})
      return result
    } catch (error) {
      const fault = asFreshetError(error, { code: 'session/save', kind: 'remote' })
      if (fault.code === 'table/not-found') return conflict(undefined)
      return { kind: 'error', error: fault, fieldErrors: fault.fieldErrors }
    } finally {
      saving = false
      settledEarly.clear()
      follow()
      changed()
    }
  }
  /** A draft that was kept is on the disk as long as it has something that is nowhere else. */
  const keepDraft = async (result: SaveResult): Promise<void> => {
    if (draftId === undefined || !['saved', 'created', 'queued'].includes(result.kind)) return
    if (draft.modifiedFields().length > 0) await writeDraft(draftId)
    else await host.drafts.remove(draftId)
  }
  const writeDraft = (key: string): Promise<void> => {
    const content = {
      id,
      newId: isNew ? start.newId : undefined,
      snapshot: draft.snapshot,
      local: draft.local(),
    }
    return host.drafts.write(key, { ...content, conflicts: draft.conflicts() }, host.nowUnixMs())
  }
  const inTurn = (work: (frozen: Frozen) => Promise<SaveResult>): Promise<SaveResult> => {
    if (state === 'disposed') return Promise.reject(disposedError())
    const frozen: Frozen = new Map()
    const start = (): Promise<SaveResult> => attempt(() => work(frozen))
    // At once where nothing is under way: what is typed from now on is no part of it.
    const run = saves.size === 0 ? start() : last.then(start)
    saves.add(frozen)
    last = run.finally(() => saves.delete(frozen))
    return run
  }
  const dispose = (): void => {
    if (state === 'disposed') return
    state = 'disposed'
    stopFollowing()
    host.disposed(id)
    listeners.clear()
  }
  const edited = (work: () => void): void => {
    if (state === 'disposed') throw disposedError()
    work()
    changed()
  }
  const set = (field: string, value: Maybe): void =>
    edited(() => {
      const before = { local: draft.get(field), base: own(draft.snapshot, field) }
      for (const frozen of saves) if (!frozen.has(field)) frozen.set(field, before)
      draft.set(field, value)
    })

  return {
    get id() {
      return id
    },
    get isNew() {
      return isNew
    },
    get state() {
      return state
    },
    data: draftData<R>(draft, set),
    get liveSnapshot() {
      // A row of this table, whose type the caller vouches for.
      return draft.snapshot as R | undefined
    },
    get snapshotTime() {
      return new Date(snapshotAt)
    },
    local: draft.local,
    get: draft.get,
    set,
    getModifiedFields: draft.modifiedFields,
    isFieldModified: draft.isModified,
    conflicts: draft.conflicts,
    resolve: (field, how) => edited(() => draft.resolve(field, how)),
    revert: (field) => edited(() => draft.revert(field)),
    async refreshSnapshot() {
      if (state === 'disposed') throw disposedError()
      if (isNew) return []
      await host.refresh(id)
      showRow(host.confirmed(id))
      return draft.conflicts().map(({ field }) => field)
    },
    save(options = {}) {
      const shown = draft.conflicts()
      return inTurn(async (frozen) => {
        if (state === 'deleted' || state === 'gone') return conflict(undefined)
        const open = draft.conflicts()
        // One that came up while this save waited for another has not been seen.
        const isShown = ({ field, remote }: RecordConflict): boolean =>
          shown.some((each) => each.field === field && each.remote === remote)
        if (start.track === 'auto' ? open.length > 0 : !open.every(isShown))
          return { kind: 'conflict', reason: 'changed', conflicts: open }
        return isNew ? insert(frozen, options) : update(frozen, options)
      })
    },
    acceptStored: (fields = draft.modifiedFields()) =>
      edited(() => {
        for (const field of fields) draft.revert(field)
      }),
    recreate: (options = {}) => inTurn((frozen) => insert(frozen, options)),
    delete: (options = {}) => inTurn(() => remove(options)),
    get answers() {
      return answers
    },
    async saveDraft() {
      if (state === 'disposed') throw disposedError()
      draftId ??= host.newDraftId()
      await writeDraft(draftId)
      return draftId
    },
    subscribe(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    dispose,
    async [Symbol.asyncDispose]() {
      dispose()
    },
  }
}

function disposedError(): FreshetError {
  return new FreshetError({
    code: 'session/disposed',
    kind: 'usage',
    message: 'This session has ended. Open the record again to edit it.',
  })
}
