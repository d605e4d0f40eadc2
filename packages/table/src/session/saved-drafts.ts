import {
  FreshetError,
  kernelTables,
  valueKey,
  type RecordConflict,
  type Row,
  type Store,
} from '@freshet/core'
import type { TableSchema } from '../master.ts'

/** An unsaved edit on the disk. */
export type SavedDraft = {
  readonly draftId: string
  readonly id: string
  /** Whether the record was not stored yet. */
  readonly isNew: boolean
  readonly savedAtUnixMs: number
  /** The record as it was edited. */
  readonly local: Row
  /** Whether the table still has the columns the draft was made for; else it cannot be opened. */
  readonly isCurrent: boolean
}

/** What a session is made of, as the store keeps it. */
type DraftContent = {
  readonly id: string
  readonly newId: 'minted' | 'given' | 'backend' | undefined
  readonly snapshot: Row | undefined
  readonly local: Row
  readonly conflicts: readonly RecordConflict[]
}

/** The drafts of one table in its store's intent space: no reset or migration touches them. */
export type SavedDrafts = {
  list(): Promise<readonly SavedDraft[]>
  /**
   * @throws {FreshetError} `session/no-draft`; `session/draft-schema`: the table has
   *   other columns now. The draft is kept, and `list` shows what is in it.
   */
  read(draftId: string): Promise<DraftContent>
  /** On the disk when it resolves. Rejects with `storage/*`, or `session/no-store`. */
  write(draftId: string, content: DraftContent, nowUnixMs: number): Promise<void>
  remove(draftId: string): Promise<void>
}

export function createSavedDrafts(store: Store | undefined, schema: () => TableSchema): SavedDrafts {
  const table = kernelTables.drafts
  const commit = async (id: string, value: Row | undefined): Promise<void> => {
    if (!store) throw noStore()
    await store.commit({ writes: [{ table, id, value }] }, undefined)
  }
  return {
    async list() {
      const records = (await store?.range(table, {})) ?? []
      return records.map(({ id, value }) => savedDraft(id, value, shapeOf(schema())))
    },
    async read(draftId) {
      const [record] = (await store?.get(table, [draftId])) ?? []
      if (!record) throw noDraft(draftId)
      const shape = shapeOf(schema())
      if (valueKey(record['shape'] ?? null) !== valueKey(shape)) throw otherSchema(record['shape'], shape)
      return readContent(record)
    },
    write(draftId, content, nowUnixMs) {
      const { id, newId, snapshot, local } = content
      const conflicts = content.conflicts.map(({ field, base, remote }) => ({
        field,
        ...(base !== undefined && { base }),
        ...(remote !== undefined && { remote }),
      }))
      return commit(draftId, {
        id,
        local,
        conflicts,
        shape: shapeOf(schema()),
        savedAtUnixMs: nowUnixMs,
        ...(newId && { newId }),
        ...(snapshot && { snapshot }),
      })
    },
    remove: (draftId) => commit(draftId, undefined),
  }
}

/** What a draft depends on: a field may mean something else in a column of another type. */
function shapeOf({ columns, idField }: TableSchema): Row {
  return { columns: { ...columns }, idField }
}

function savedDraft(draftId: string, record: Row, shape: Row): SavedDraft {
  const { id, newId, local } = readContent(record)
  return {
    draftId,
    id,
    local,
    isNew: newId !== undefined,
    savedAtUnixMs: Number(record['savedAtUnixMs']),
    isCurrent: valueKey(record['shape'] ?? null) === valueKey(shape),
  }
}

function readContent(record: Row): DraftContent {
  // Written by `write` above.
  const { id, newId, snapshot, local, conflicts } = record as unknown as DraftContent
  return { id, newId, snapshot, local, conflicts }
}

function noStore(): FreshetError {
  return new FreshetError({
    code: 'session/no-store',
    kind: 'usage',
    message: 'This table is kept in memory only. Open it with openLiveTable and a store to keep drafts.',
  })
}

function noDraft(draftId: string): FreshetError {
  return new FreshetError({
    code: 'session/no-draft',
    kind: 'usage',
    message: `There is no draft ${JSON.stringify(draftId)} (any more). List the drafts of the table again.`,
  })
}

function otherSchema(before: unknown, now: Row): FreshetError {
  return new FreshetError({
    code: 'session/draft-schema',
    kind: 'usage',
    message: `The draft was made for other columns (${JSON.stringify(before)}, now ${JSON.stringify(now)}). It is kept; read it with drafts() and edit the record anew.`,
  })
}
