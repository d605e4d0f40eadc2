import {
  asFreshetError,
  createDraftRecord,
  FreshetError,
  valuesEqual,
  type ColumnPolicy,
  type ColumnTypes,
  type Maybe,
  type RecordChange,
  type RecordConflict,
  type Resolution,
  type Row,
} from '@freshet/core'
import { WriteRejectedError } from '../master-errors.ts'
import type { WriteResult } from '../table-writer.ts'
import type { Guard, Patch } from '../master.ts'
import { draftData, type DraftData } from './draft-data.ts'
import { applyChange, createQueuedSaves, isInsert, undoOf } from './queued-saves.ts'
import type { PartialField, SaveResult } from './save-result.ts'

export type SaveOptions = {
  /** `fields` (default): only while the fields that are saved are as they were seen. `none`: whatever they are. */
  readonly guard?: 'fields' | 'none' | undefined
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
  subscribe(listener: () => void): () => void
  /** Ends the session; the draft is dropped. */
  dispose(): void
  [Symbol.asyncDispose](): Promise<void>
}

/** What a session needs of its table. */
export type EditHost = {
  readonly columns: ColumnTypes
  readonly idField: string
  readonly policies: { readonly [field: string]: ColumnPolicy }
  nowUnixMs(): number
  confirmed(id: string): Row | undefined
  /** Reads the row from the remote; afterwards `confirmed` is it. */
  refresh(id: string): Promise<void>
  patch(
    id: string,
    patch: Patch,
    options: { expect?: Guard | undefined; wait?: 'remote' | 'local' | undefined },
  ): Promise<WriteResult>
  insert(id: string, row: Row, options: { wait?: 'remote' | 'local' | undefined }): Promise<WriteResult>
  insertReturnId(row: Row): Promise<WriteResult>
  /** Calls back when a write to a row of this session has been settled. */
  onSettled(listener: (operationId: string, isConfirmed: boolean) => void): void
  onChange(listener: () => void): () => void
  idChanged(from: string, to: string): void
  disposed(id: string): void
}

export type RecordEditStart = {
  readonly id: string
  readonly snapshot: Row | undefined
  readonly local: Row
  /** `manual`: the draft moves onto newer rows by `refreshSnapshot` and `save` alone. `auto`: whenever they come. */
  readonly track: 'manual' | 'auto'
  /** Who makes the id of a new record. */
  readonly newId: 'minted' | 'given' | 'backend' | undefined
}

/** A guard that fails over and over although nothing contradicts the draft is given up. */
const maxAttempts = 3

export function createRecordEdit<R extends Row>(host: EditHost, start: RecordEditStart): RecordEdit<R> {
  const { columns, policies } = host
  const draft = createDraftRecord(start.snapshot, start.local, { columns, policies })
  const listeners = new Set<() => void>()
  let id = start.id
  let isNew = start.newId !== undefined
  let state: RecordEdit['state'] = 'editing'
  let seen = start.snapshot
  let snapshotAt = host.nowUnixMs()
  let saving = false
  let last: Promise<unknown> = Promise.resolve()
  const queue = createQueuedSaves()
  /** Writes settled while a save was being noted, before its operation was known. */
  const settledEarly = new Map<string, boolean>()

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

  const stored = (row: Row | undefined, sent: RecordChange): SaveResult => {
    const kept = row ?? host.confirmed(id) ?? draft.local()
    const otherwise = draft.accept(kept, sent)
    seen = host.confirmed(id) ?? kept
    snapshotAt = host.nowUnixMs()
    const fields = otherwise.map((field): PartialField => ({
      field,
      sent: own(sent.set, field),
      stored: own(kept, field),
    }))
    return fields.length > 0 ? { kind: 'partial', fields } : { kind: 'saved' }
  }
  const queued = (operationId: string, sent: RecordChange): SaveResult => {
    // Shown as saved; if it fails the draft stands again against what is confirmed.
    draft.accept(applyChange(draft.snapshot ?? {}, sent), sent)
    state = 'editing'
    queue.add(operationId, sent)
    const isConfirmed = settledEarly.get(operationId)
    settledEarly.clear()
    if (isConfirmed !== undefined) settled(operationId, isConfirmed)
    return { kind: 'queued', operationId }
  }
  const settled = (operationId: string, isConfirmed: boolean): void => {
    if (state === 'disposed') return
    const sent = queue.settle(operationId, isConfirmed)
    if (!sent) return saving ? void settledEarly.set(operationId, isConfirmed) : undefined
    const row = host.confirmed(id)
    // An insert keeps a row that is there already.
    const isOther = isInsert(sent) && row && differences(sent.set, row).length > 0
    if (!isConfirmed || isOther) {
      // The fields are edits again, of what they were based on.
      const undo = undoOf(sent)
      draft.accept(applyChange(draft.snapshot ?? {}, undo), undo)
    }
    showRow(row)
  }
  host.onSettled(settled)
  const conflict = (row: Row | undefined): SaveResult => {
    showRow(row)
    if (!row) return { kind: 'conflict', reason: 'deleted', conflicts: [] }
    return { kind: 'conflict', reason: 'changed', conflicts: draft.conflicts() }
  }

  const update = async ({ guard = 'fields', wait }: SaveOptions): Promise<SaveResult> => {
    for (let attempt = 1; ; attempt++) {
      const sent = draft.change()
      const { set, unset, expect } = sent
      if (Object.keys(expect).length === 0) return { kind: 'saved' }
      const result = await host.patch(
        id,
        { set, unset },
        { expect: guard === 'fields' ? expect : undefined, wait },
      )
      switch (result.kind) {
        case 'stored':
          return stored(result.row, sent)
        case 'queued':
          return queued(result.operationId, sent)
        case 'deleted':
          return conflict(undefined)
        case 'conflict': {
          const found = conflict(result.row)
          if (draft.conflicts().length > 0 || !result.row || attempt === maxAttempts) return found
        }
      }
    }
  }
  const insert = async ({ wait }: SaveOptions): Promise<SaveResult> => {
    const row = draft.local()
    const sent: RecordChange = { set: row, unset: [], expect: {} }
    const byBackend = start.newId === 'backend' && isNew
    const result = byBackend ? await host.insertReturnId(row) : await host.insert(id, row, { wait })
    if (result.kind === 'queued') {
      isNew = false
      return queued(result.operationId, sent)
    }
    if (result.kind !== 'stored') return conflict(undefined)
    const other =
      result.row &&
      Object.keys(row).some((field) => field !== host.idField && differs(row, result.row, field))
    if (other && start.newId === 'given') {
      isNew = false
      showRow(result.row)
      return { kind: 'conflict', reason: 'exists', conflicts: differences(row, result.row ?? {}) }
    }
    if (byBackend) host.idChanged(id, result.id)
    id = result.id
    isNew = false
    state = 'editing'
    const kept = stored(result.row, sent)
    return kept.kind === 'partial' ? kept : { kind: 'created', id }
  }
  const differs = (row: Row, other: Row | undefined, field: string): boolean =>
    !valuesEqual(own(row, field), own(other, field), Object.hasOwn(columns, field) ? columns[field] : 'any')
  const differences = (mine: Row, theirs: Row): readonly RecordConflict[] =>
    Object.keys(mine)
      .filter((field) => field !== host.idField && differs(mine, theirs, field))
      .map((field) => ({ field, base: undefined, local: own(mine, field), remote: own(theirs, field) }))

  const attempt = async (work: () => Promise<SaveResult>): Promise<SaveResult> => {
    saving = true
    try {
      return await work()
    } catch (error) {
      const fault = asFreshetError(error, { code: 'session/save', kind: 'remote' })
      if (fault.code === 'table/not-found') return conflict(undefined)
      return {
        kind: 'error',
        error: fault,
        fieldErrors: fault instanceof WriteRejectedError ? fault.fieldErrors : [],
      }
    } finally {
      saving = false
      follow()
      changed()
    }
  }
  const inTurn = (work: () => Promise<SaveResult>): Promise<SaveResult> => {
    if (state === 'disposed') return Promise.reject(disposedError())
    const run = last.then(() => attempt(work))
    last = run
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
  const set = (field: string, value: Maybe): void => edited(() => draft.set(field, value))

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
    save: (options = {}) =>
      inTurn(async () => {
        if (state === 'deleted' || state === 'gone') return conflict(undefined)
        const open = draft.conflicts()
        if (start.track === 'auto' && open.length > 0)
          return { kind: 'conflict', reason: 'changed', conflicts: open }
        return isNew ? insert(options) : update(options)
      }),
    acceptStored: (fields = draft.modifiedFields()) =>
      edited(() => {
        for (const field of fields) draft.revert(field)
      }),
    recreate: (options = {}) => inTurn(() => insert(options)),
    subscribe(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
    dispose,
    async [Symbol.asyncDispose]() {
      dispose()
    },
  }
}

function own(row: Row | undefined, field: string): Maybe {
  return row && Object.hasOwn(row, field) ? row[field] : undefined
}

function disposedError(): FreshetError {
  return new FreshetError({
    code: 'session/disposed',
    kind: 'usage',
    message: 'This session has ended. Open the record again to edit it.',
  })
}
