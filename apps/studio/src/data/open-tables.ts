import { systemClock } from '@freshet/core'
import { openIndexedDbStore } from '@freshet/storage/indexeddb'
import { openLiveTable, type LiveTable } from '@freshet/table'
import { createSurrealDatabase } from '@freshet/table/surrealdb'
import type { StudioConfig } from '@freshet/cli/studio'
import type { StudioTable } from './studio-table.ts'
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
      store: (tables) => openIndexedDbStore({ name: cacheKey, tables }),
    })
    return studioTable(name, config, live)
  })
  return Promise.all(opened)
}

function studioTable(name: string, config: StudioConfig, live: LiveTable): StudioTable {
  const writes = createWriteLedger(systemClock)
  live.outbox.subscribe(() => writes.queued(live.outbox.queued()))
  writes.queued(live.outbox.queued())
  // The events are of writes of this window; what was kept from before, or came from another, is settled apart.
  live.events.subscribe((event) => {
    if (event.kind === 'writeConfirmed') writes.confirmed(event.op)
    else if (event.kind === 'writeReverted' || event.kind === 'writeFailed')
      writes.reverted(event.op, event.error)
  })
  live.outbox.onSettled((operationId, outcome) => {
    if (outcome.kind === 'confirmed') writes.confirmed(operationId)
    else writes.reverted(operationId, 'error' in outcome ? outcome.error : undefined)
  })
  // What becomes of a write is told by the events; here only that it was noted.
  const noted = (work: Promise<unknown>): void => void work.catch(() => {})
  return {
    name,
    schema: config.tables[name] ?? { columns: {}, idField: 'id', titleFields: ['id'], references: {} },
    status: live.status,
    writes,
    view: (query) => live.view(query),
    insert: (id, row) => noted(live.insert(id, row, { wait: 'local' })),
    patch: (id, patch) => noted(live.patch(id, patch, { wait: 'local' })),
    remove: (id) => noted(live.delete(id, { wait: 'local' })),
  }
}
