import { FreshetError, systemClock } from '@freshet/core'
import { changes, indexes, openIndexedDbStore } from '@freshet/storage/indexeddb'
import { openLiveTable, type LiveTable, type WriteResult } from '@freshet/table'
import { createSurrealDatabase } from '@freshet/table/surrealdb'
import type { StudioConfig } from '@freshet/cli/studio'
import { createRecordDrafts } from './record-drafts.ts'
import type { StudioTable } from './studio-table.ts'
import type { WriteContent } from './write-content.ts'
import { createWriteLedger } from './write-ledger.ts'

/**
 * Opens every table of the configuration. What is kept in this browser is there
 * before anything comes from the network; of several windows one talks to the
 * database, and the others follow it.
 */
export async function openTables(config: StudioConfig): Promise<readonly StudioTable[]> {
  const database = createSurrealDatabase({ tables: config.tables, remote: config.remote })
  const tabs = { locks: navigator.locks, openChannel: (name: string) => new BroadcastChannel(name) }
  const opened = database.tables.map(async (name) => {
    const cacheKey = `${config.cacheName}/${name}`
    const live = await openLiveTable(database.master(name), {
      cacheKey,
      tabs,
      preload: true,
      store: (tables) => openIndexedDbStore({ name: cacheKey, tables, indexes, changes }),
    })
    return studioTable(name, config, live)
  })
  return Promise.all(opened)
}

function studioTable(name: string, config: StudioConfig, live: LiveTable): StudioTable {
  const writes = createWriteLedger(systemClock, (operationId) => void live.outbox.discard(operationId))
  live.outbox.subscribe(() => writes.queued(live.outbox.queued()))
  writes.queued(live.outbox.queued())
  live.outbox.onSettled((operationId, outcome) => {
    if (outcome.kind === 'confirmed') writes.confirmed(operationId)
    else if (outcome.kind === 'conflict') writes.reverted(operationId, 'conflict')
    else writes.reverted(operationId, 'error' in outcome ? outcome.error : undefined)
  })
  // What becomes of a write is told above; a mistake is thrown before there is a write.
  const noted = (work: Promise<WriteResult>, content: WriteContent): void => {
    work.then(
      (result) => {
        if (result.kind === 'queued') writes.kept(result.operationId)
      },
      (error: unknown) => {
        if (error instanceof FreshetError && error.kind === 'usage') writes.refused(content, error)
      },
    )
  }
  /** Failed writes that a new one of the same takes the place of. */
  const answered = (id: string, fields?: readonly string[]): readonly string[] =>
    writes
      .ofRow(id)
      .filter(({ outcome }) => 'stays' in outcome && outcome.stays)
      .filter((note) => note.op !== 'patch' || !fields || fields.some((field) => note.fields.includes(field)))
      .map(({ operationId }) => operationId)
  const schema = config.tables[name] ?? { columns: {}, idField: 'id', titleFields: ['id'], references: {} }
  return {
    name,
    schema,
    status: live.status,
    writes,
    drafts: createRecordDrafts({
      schema,
      writes,
      clock: systemClock,
      editRecord: (id) => live.editRecord(id, { track: 'auto' }),
    }),
    view: (query) => live.view(query),
    has: (id) => live.get(id) !== undefined,
    insert(id, row) {
      noted(live.insert(id, row, { wait: 'local', replaces: answered(id) }), {
        id,
        op: 'insert',
        fields: Object.keys(row),
        values: row,
      })
    },
    patch(id, patch, expect) {
      const fields = [...Object.keys(patch.set), ...(patch.unset ?? [])]
      const options = { wait: 'local', expect, replaces: answered(id, fields) } as const
      noted(live.patch(id, patch, options), { id, op: 'patch', fields, values: patch.set })
    },
    remove(id) {
      noted(live.delete(id, { wait: 'local', replaces: answered(id) }), {
        id,
        op: 'delete',
        fields: [],
        values: {},
      })
    },
    takeBack: (operationId) => live.outbox.discard(operationId),
    retry: (operationId) => live.outbox.retry(operationId),
  }
}
