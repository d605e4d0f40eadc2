import {
  createOutbox,
  mergeUnsent,
  watchedStore,
  delay,
  sourceSide,
  whenDrained,
  type Outbox,
  type Replica,
  type Status,
  type Store,
  type TabEnvironment,
} from '@freshet/core'
import { createLiveConnection, type LiveConnection } from './live-connection.ts'
import { createLiveRows, type LiveRows } from './live-rows.ts'
import { rowsTable, type LiveSettings } from './live-settings.ts'
import { masterTarget } from './master-target.ts'
import type { Master } from './master.ts'
import { createRecentViews, type RecentViews } from './recent-views.ts'
import { createEditRegistry, type EditRegistry } from './session/edit-registry.ts'
import { createSavedDrafts, type SavedDrafts } from './session/saved-drafts.ts'
import { createTableEvents, type TableEvents } from './table-events.ts'
import { createTableStats, type TableStats } from './table-stats.ts'
import { noteOutcome } from './write-outcome.ts'

export { rowsTable } from './live-settings.ts'

/** What all handles on one live table share: rows, results, connection, outbox. */
export type LiveCore = LiveRows & {
  readonly settings: LiveSettings
  readonly replica: Replica
  readonly outbox: Outbox
  readonly events: TableEvents
  readonly stats: TableStats
  readonly sessions: EditRegistry
  readonly drafts: SavedDrafts
  readonly recentViews: RecentViews
  /** Grows when the master is swapped: what was read before is of another. */
  readonly generation: number
  readonly closed: boolean
  /** Aborted when the table is closed. */
  readonly signal: AbortSignal
  master(): Master
  /** Resolves when the first attempt to connect has ended, or has taken long. */
  settledConnection(signal?: AbortSignal): Promise<void>
  /** What was read before must be read again; rows stay readable, as stale. */
  invalidateAll(): void
  swapMaster(master: Master): Promise<void>
  close(): Promise<void>
}

export type LiveCoreOptions = {
  readonly master: Master
  readonly replica: Replica
  readonly store: Store | undefined
  readonly settings: LiveSettings
  /** The tabs that share the store; the replica is then a follower until its turn comes. */
  readonly tabs?: TabEnvironment | undefined
  /** Releases what was acquired for the table. */
  release(): Promise<void>
}

export function createLiveCore(options: LiveCoreOptions): LiveCore & { committed(): void } {
  const { master, replica, settings, tabs } = options
  const { log, cacheKey } = settings
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::table::events', error instanceof Error ? error.message : String(error))
  const stats = createTableStats()
  const sessions = createEditRegistry()
  const recentViews = createRecentViews(replica.collection(rowsTable))
  const events = createTableEvents(replica.collection(rowsTable), onListenerError)
  const ending = new AbortController()
  let closed: Promise<void> | undefined

  const connection = createLiveConnection({
    master,
    replica,
    settings,
    tabs,
    news: () => rows.news,
    invalidateAll: () => invalidateAll(),
  })
  const rows = createLiveRows({
    replica,
    settings,
    stats,
    master: connection.master,
    isPinned: (id) => sessions.has(id),
    onRows: ({ ids }) => events.rowsChanged(ids),
    onListenerError,
  })
  const invalidateAll = (): void => {
    log.write('debug', 'freshet::table::cache', 'invalidated', {
      cache_key: cacheKey,
      outcome: 'invalidated',
    })
    // In a tab that follows, the rows are as good as the leader's.
    if (replica.status.get().role === 'leader') sourceSide(replica).beginEpoch()
    rows.upkeep.markAll()
    if (settings.preload) connection.reconcile()
    events.emit({ kind: 'datasetChanged' })
    rows.changed()
  }
  const store = options.store && watchedStore(options.store, replica.status)
  const outbox = createTableOutbox({ ...options, store }, connection, invalidateAll)
  const closeNow = async (): Promise<void> => {
    await sentAndSettled(outbox, replica, settings)
    ending.abort()
    sessions.disposeAll()
    recentViews.close()
    await connection.close()
    await replica.flushed().catch(() => {})
    await replica.close().catch(() => {})
    await options.release()
    log.write('info', 'freshet::table', 'closed', { cache_key: cacheKey, ...stats })
  }

  outbox.onSettled((_operationId, outcome, operation) => noteOutcome(core, operation, outcome))
  followStatus(replica, rows, (status) => events.statusChanged(status))
  connection.start(outbox)
  log.write('info', 'freshet::table', 'opened', { cache_key: cacheKey })
  const core: LiveCore & { committed(): void } = {
    ...rows,
    settings,
    replica,
    outbox,
    events,
    stats,
    sessions,
    drafts: createSavedDrafts(store, () => connection.master().schema),
    recentViews,
    get generation() {
      return connection.generation
    },
    get closed() {
      return closed !== undefined
    },
    signal: ending.signal,
    master: connection.master,
    settledConnection: connection.settled,
    invalidateAll,
    swapMaster: connection.swapMaster,
    committed: connection.committed,
    async close() {
      closed ??= closeNow()
      await closed
    },
  }
  return core
}

function createTableOutbox(
  { replica, store, settings }: LiveCoreOptions,
  connection: LiveConnection,
  onUnknownEffect: () => void,
): Outbox {
  const { cacheKey, clock, random, log, telemetry, customWriteTarget } = settings
  const target = masterTarget({
    master: () => customWriteTarget ?? connection.master(),
    ownRows: () => customWriteTarget === undefined,
    table: rowsTable,
    cacheKey,
    waits: settings.waitsForMaster,
    onUnknownEffect,
    seq: () => replica.seq,
    onCurrent: (facts, startedAt) => replica.apply({ kind: 'state', startedAt, facts }),
    log,
    telemetry,
  })
  const capacity = settings.writeCapacity
  return createOutbox({ replica, store, capacity, clock, random, log, target, merging: mergeUnsent })
}

function followStatus(
  replica: Replica,
  rows: LiveRows & Pick<ReturnType<typeof createLiveRows>, 'news'>,
  tell: (status: Status) => void,
): void {
  let wasLive = false
  replica.status.subscribe((status) => {
    const isLive = status.state === 'live'
    if (isLive && !wasLive) rows.news.connected()
    wasLive = isLive
    tell(status)
    rows.changed()
  })
}

/** How often a table that closes looks whether it may. */
const settleCheckMs = 5

/**
 * Waits until what was accepted is sent, and what was heard of is known. A
 * master out of reach does not hold the end back for long.
 */
async function sentAndSettled(
  outbox: Outbox,
  replica: Replica,
  { clock, drainMs }: LiveSettings,
): Promise<void> {
  const until = clock.now() + drainMs
  const drained = new AbortController()
  const sent = whenDrained(outbox).then(() => drained.abort())
  await Promise.race([sent, delay(clock, drainMs, drained.signal)])
  const isSettled = (): boolean => {
    if (replica.status.get().state !== 'live') return true
    // What failed, and what waits behind it, stays.
    const staying = outbox.queued().reduce((layers, { operation }) => layers + operation.edits.length, 0)
    return replica.refetches.size === 0 && replica.overlay.size <= staying
  }
  // Else the store would tell the next run less than this one has heard.
  while (!isSettled() && clock.now() < until) await delay(clock, settleCheckMs)
}
