import { uuidV7, type ColumnPolicy, type Row } from '@freshet/core'
import type { LiveCore } from '../live-core.ts'
import { rowTypes } from '../master-schema.ts'
import { readRow } from '../query-reader.ts'
import { rowNotFound } from '../master-errors.ts'
import type { TableWriter } from '../table-writer.ts'
import type { OpenSession } from './edit-registry.ts'
import { failedSaves } from './failed-saves.ts'
import { applyChange } from './queued-saves.ts'
import { differences } from './save-guard.ts'
import type { EditHost, RecordEditStart } from './edit-host.ts'
import { createRecordEdit, type RecordEdit } from './record-edit.ts'
import type { SavedDraft } from './saved-drafts.ts'

export type EditOptions = {
  /** `manual` (default): the draft moves when `refreshSnapshot` or `save` is called. `auto`: as the row changes. */
  readonly track?: 'manual' | 'auto' | undefined
  /** No other session on the row beside this one. */
  readonly exclusive?: boolean | undefined
  /** How columns merge what would be a conflict. Default: they do not. */
  readonly policies?: { readonly [field: string]: ColumnPolicy } | undefined
}

export type NewRecordOptions = EditOptions & {
  /**
   * Who makes the id. `uuid` (default): this client, so that saving can be tried
   * again. `backend`: the database; until then it is `temp_…`. `field`: the
   * record itself, in its id field.
   */
  readonly id?: 'uuid' | 'backend' | 'field' | undefined
}

/** The sessions of a live table. */
export type RecordEdits<R extends Row = Row> = {
  /**
   * Opens a row for editing. What queued saves of it have failed to write are
   * edits of the draft again, in conflict where someone else changed the same.
   *
   * @throws {FreshetError} `table/not-found`; `session/in-progress`.
   */
  editRecord(id: string, options?: EditOptions): Promise<RecordEdit<R>>
  /** The unsaved edits that are kept on the disk, oldest first. */
  drafts(): Promise<readonly SavedDraft[]>
  /**
   * Goes on with an edit that was kept, on the row as it is now: what others
   * changed since is followed, or in conflict.
   *
   * @throws {FreshetError} `session/no-draft`; `session/draft-schema`: made for other
   *   columns, and kept; `session/in-progress`.
   */
  openDraft(draftId: string, options?: EditOptions): Promise<RecordEdit<R>>
  /** Lets a kept edit go. */
  discardDraft(draftId: string): Promise<void>
  /** Starts a record that is not stored yet. */
  newRecord(init?: Partial<R>, options?: NewRecordOptions): RecordEdit<R>
  /** Calls back with the id of each row that someone else changed. */
  onRemoteChange(listener: (id: string) => void): () => void
  /** Tells the table that a row has changed at the backend; resolves when it has been read. */
  onBackendChange(id: string): Promise<void>
}

export function createRecordEdits<R extends Row>(core: LiveCore, writer: TableWriter): RecordEdits<R> {
  const { collection, settings, sessions } = core
  const open = (start: RecordEditStart, { exclusive = false, policies = {} }: EditOptions): RecordEdit<R> => {
    const session: OpenSession = { exclusive, dispose: () => edit.dispose(), settled: undefined }
    sessions.add(start.id, session)
    const host = editHost(core, writer, session, policies)
    const edit = createRecordEdit<R>(host, start)
    return edit
  }

  return {
    async editRecord(id, options = {}) {
      const { row } = await readRow(core, id, 'stale-while-revalidate', undefined)
      const snapshot = collection.confirmed(id) ?? row
      const { failed, newId } = failedSaves(core, id, snapshot)
      if (!snapshot && !newId) throw rowNotFound(core.master().name, id)
      const local = failed.reduce<Row>((under, { sent }) => applyChange(under, sent), snapshot ?? {})
      const track = options.track ?? 'manual'
      return open(
        { id, snapshot, local, track, newId, failed: failed.length > 0 ? failed : undefined },
        options,
      )
    },
    drafts: () => core.drafts.list(),
    async openDraft(draftId, options = {}) {
      const content = await core.drafts.read(draftId)
      const { id } = content
      // Out of reach: what is known is good enough to go on with.
      await readRow(core, id, 'stale-while-revalidate', undefined).catch(() => {})
      const { failed } = failedSaves(core, id, collection.confirmed(id))
      const shape = { columns: rowTypes(core.master().schema), idField: core.master().schema.idField }
      // Those whose changes are in the draft; it was kept after they failed, or they were noted from it.
      const answers = failed
        .filter(({ sent }) => differences(sent.set, content.local, shape).length === 0)
        .map(({ operationId }) => operationId)
      return open({ ...content, track: options.track ?? 'manual', draftId, answers }, options)
    },
    discardDraft: (draftId) => core.drafts.remove(draftId),
    newRecord(init = {}, options = {}) {
      const { clock, random } = settings
      const { idField } = core.master().schema
      const given = init[idField]
      const minted = uuidV7(random, clock.now())
      const ids = {
        uuid: minted,
        backend: `temp_${minted}`,
        field: typeof given === 'string' ? given : minted,
      }
      const newIds = { uuid: 'minted', backend: 'backend', field: 'given' } as const
      const kind = options.id ?? 'uuid'
      // What a caller leaves out is not there yet.
      const local = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined)) as Row
      return open(
        { id: ids[kind], snapshot: undefined, local, track: 'manual', newId: newIds[kind] },
        options,
      )
    },
    onRemoteChange(listener) {
      // What our own pending writes show: confirming them changes no row.
      const ours = new Map<string, Row | undefined>()
      const isOurs = (id: string): boolean => {
        const shown = collection.get(id)
        if (collection.meta(id)?.pending) {
          ours.set(id, shown)
          return true
        }
        const before = ours.get(id)
        return ours.delete(id) && before === shown
      }
      return collection.subscribe(({ ids }) => {
        if (ids === 'all') return
        for (const id of ids) if (!isOurs(id)) listener(id)
      })
    },
    async onBackendChange(id) {
      await readRow(core, id, 'network', undefined)
    },
  }
}

function editHost(
  core: LiveCore,
  writer: TableWriter,
  session: OpenSession,
  policies: EditHost['policies'],
): EditHost {
  const { collection, sessions, settings } = core
  const { schema } = core.master()
  return {
    columns: rowTypes(schema),
    idField: schema.idField,
    policies,
    nowUnixMs: () => settings.clock.now(),
    confirmed: (id) => collection.confirmed(id),
    isKnown: (id) => collection.confirmed(id) !== undefined || collection.lookup(id).kind === 'absent',
    async refresh(id) {
      await readRow(core, id, 'network', undefined)
    },
    patch: writer.patch,
    insert: writer.insert,
    insertReturnId: writer.insertReturnId,
    delete: writer.delete,
    isParked: (id) =>
      core.outbox
        .queued()
        .some(({ operation, state }) => state === 'parked' && operation.request['id'] === id),
    discard(operationIds) {
      for (const operationId of operationIds) void core.outbox.discard(operationId)
    },
    drafts: core.drafts,
    newDraftId: () => uuidV7(settings.random, settings.clock.now()),
    onSettled(listener) {
      session.settled = listener
    },
    onChange: core.onChange,
    idChanged: (from, to) => sessions.move(from, to, session),
    disposed: (id) => sessions.remove(id, session),
  }
}
