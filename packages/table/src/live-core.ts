import {
  createEviction,
  createOutbox,
  createSync,
  createTabGroup,
  delay,
  shareReplica,
  type Clock,
  type Collection,
  type Coverage,
  type Eviction,
  type Log,
  type Outbox,
  type Random,
  type Replica,
  type ReplicaOptions,
  type RowFact,
  type StateBatch,
  type Store,
  type Sync,
  type TabEnvironment,
  type TabMessage,
  type Telemetry,
} from '@freshet/core'
import { createEditRegistry, type EditRegistry } from './session/edit-registry.ts'
import type { LiveStream } from './live-stream.ts'
import { masterSource } from './master-source.ts'
import { masterTarget } from './master-target.ts'
import type { Master } from './master.ts'
import { createReadFlights, type ReadFlights } from './read-flights.ts'
import { createRecentViews, type RecentViews } from './recent-views.ts'
import { createResultUpkeep, type ResultUpkeep } from './result-upkeep.ts'
import { createTableEvents, type TableEvents } from './table-events.ts'
import { createTableStats, type TableStats } from './table-stats.ts'

/** The one table of a live table's replica. */
export const rowsTable = 'rows'

/** Rules a convergence run can switch off, to show that it would notice. All are on outside of such a run. */
export type LiveRules = {
  /** The rules of the kernel. */
  readonly kernel?: ReplicaOptions<RowFact>['rules']
  /** LT18: what a change of a row does to a result. */
  readonly upkeep: boolean
  /** LT7: changes that a read crossed are looked at when it arrives. */
  readonly crossedReads: boolean
  /** LT19: results of the connection before are read again. */
  readonly staleResults: boolean
}

export const allLiveRules: LiveRules = { upkeep: true, crossedReads: true, staleResults: true }

/** The options of a live table with nothing left out. */
export type LiveSettings = {
  readonly cacheKey: string
  readonly preload: boolean
  readonly liveStream: LiveStream | undefined
  readonly customWriteTarget: Master | undefined
  readonly invalidateOnCustomWrite: boolean
  readonly invalidation: 'rows' | 'prefix'
  readonly writeCapacity: number
  readonly waitsForMaster: boolean
  readonly connectWaitMs: number
  readonly drainMs: number
  readonly reconcileMs: number
  readonly rules: LiveRules
  readonly maxBytes: number
  readonly maxAgeMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly telemetry: Telemetry
}

/** What all views of one live table share: the replica, its sync, its outbox. */
export type LiveCore = {
  readonly settings: LiveSettings
  readonly replica: Replica
  readonly collection: Collection
  readonly outbox: Outbox
  readonly upkeep: ResultUpkeep
  readonly flights: ReadFlights
  readonly events: TableEvents
  readonly stats: TableStats
  readonly eviction: Eviction
  readonly sessions: EditRegistry
  readonly recentViews: RecentViews
  /** Keys of the results that are on screen, and how often. */
  readonly openResults: Map<string, number>
  /** Ids of rows over which writes are pending. */
  readonly pendingIds: ReadonlySet<string>
  /**
   * Whether a result was read by this run, in the connection now. In a tab that
   * follows, the results in the store are of the leader's connections, which it
   * cannot tell apart.
   */
  isOwnResult(coverage: Coverage): boolean
  /** Grows when the master is swapped: what was read before is of another. */
  readonly generation: number
  readonly closed: boolean
  /** Aborted when the table is closed. */
  readonly signal: AbortSignal
  master(): Master
  /** Resolves when the first attempt to connect has ended, or has taken long. */
  settledConnection(signal?: AbortSignal): Promise<void>
  /** Calls `listener` after the results were brought up to date with a batch, or one was read. */
  onChange(listener: () => void): () => void
  changed(): void
  /** Applies what a read on demand brought. */
  applyRead(batch: StateBatch): void
  /** What was read before must be read again; rows stay readable, as stale. */
  invalidateAll(): void
  reconcile(): void
  swapMaster(master: Master): Promise<void>
  close(): Promise<void>
}

/** How often a table that closes looks whether it may. */
const settleCheckMs = 5

export function createLiveCore(options: {
  readonly master: Master
  readonly replica: Replica
  readonly store: Store | undefined
  readonly settings: LiveSettings
  /** The tabs that share the store; the replica is then a follower until its turn comes. */
  readonly tabs?: TabEnvironment | undefined
  /** Releases what was acquired for the table. */
  release(): Promise<void>
}): LiveCore & { committed(): void } {
  const { replica, store, settings } = options
  const { clock, random, log, telemetry, cacheKey } = settings
  const collection = replica.collection(rowsTable)
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::table::events', error instanceof Error ? error.message : String(error))
  const events = createTableEvents(collection, onListenerError)
  const stats = createTableStats()
  const { rules } = settings
  const flights = createReadFlights(stats)
  const listeners = new Set<() => void>()
  let current = options.master
  let generation = 0
  const ending = new AbortController()
  let closed: Promise<void> | undefined

  const sessions = createEditRegistry()
  const recentViews = createRecentViews(collection)
  const openResults = new Map<string, number>()
  const eviction = createEviction({
    replica,
    table: rowsTable,
    maxBytes: settings.maxBytes,
    maxAgeMs: settings.maxAgeMs,
    isPinned: (id) => sessions.has(id),
    isOpen: (key) => openResults.has(key),
  })
  const upkeep = createResultUpkeep({ replica, table: rowsTable, master: () => current })
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const invalidateAll = (): void => {
    log.write('debug', 'freshet::table::cache', 'invalidated', {
      cache_key: cacheKey,
      outcome: 'invalidated',
    })
    // In a tab that follows, the rows are as good as the leader's.
    if (replica.status.get().role === 'leader') replica.beginEpoch()
    upkeep.markAll()
    if (settings.preload) sync.reconcile()
    events.emit({ kind: 'datasetChanged' })
    changed()
  }
  /** A row changed that may not be held: no row change will tell the results. */
  const strangerChanged = (id: string, gone: boolean): void => {
    if (rules.crossedReads) flights.noteChanged([id])
    if (!rules.upkeep) return
    if (collection.confirmed(id) !== undefined) upkeep.rowConfirmed(id)
    else if (gone) upkeep.rowGone(id)
    else upkeep.markAll()
    changed()
  }
  const source = () =>
    masterSource({
      master: () => current,
      table: rowsTable,
      liveStream: settings.liveStream,
      mayResume: () => !settings.preload || collection.complete,
      onTouched(id) {
        const named = settings.invalidation === 'rows'
        if (named) strangerChanged(id, false)
        else invalidateAll()
        return named
      },
      onChanged(id) {
        if (rules.crossedReads) flights.noteChanged([id])
      },
      onPut(id) {
        if (rules.upkeep && upkeep.rowConfirmed(id)) changed()
      },
      onGone: (id) => strangerChanged(id, true),
      onInvalidated: invalidateAll,
      onEvent(kind, id) {
        log.write('debug', 'freshet::table::events', kind, { cache_key: cacheKey, id })
        return telemetry.span('freshet.table.event', { cache_key: cacheKey, kind })
      },
    })
  const newSync = (): Sync => {
    const { reconcileMs } = settings
    const whole = settings.preload ? [rowsTable] : []
    return createSync({
      replica,
      source: source(),
      whole,
      reconcileMs,
      clock,
      random,
      log,
      telemetry,
      rules: settings.rules.kernel,
    })
  }
  let sync = newSync()

  const { customWriteTarget } = settings
  const outbox = createOutbox({
    replica,
    store,
    capacity: settings.writeCapacity,
    clock,
    random,
    log,
    target: masterTarget({
      master: () => customWriteTarget ?? current,
      ownRows: () => customWriteTarget === undefined,
      table: rowsTable,
      cacheKey,
      waits: settings.waitsForMaster,
      onUnknownEffect: invalidateAll,
      onCurrent: (facts) => replica.apply({ kind: 'state', startedAt: replica.seq, facts }),
      log,
      telemetry,
    }),
  })

  const pendingIds = new Set<string>()
  const notePending = (ids: readonly string[]): void => {
    for (const id of ids) {
      if (collection.meta(id)?.pending) pendingIds.add(id)
      else pendingIds.delete(id)
    }
  }
  // What a following tab has read since the leader was last connected, by when.
  const ownResults = new Map<string, number>()
  let learning = false
  let learningKey: string | null = null
  // Rows that leave memory have not changed, and no result is wrong for it.
  let evicting = false
  const evict = (): void => {
    if (settings.preload) return
    evicting = true
    try {
      eviction.shrink()
    } finally {
      evicting = false
    }
  }
  collection.subscribe((change) => {
    if (evicting) return change.ids === 'all' ? undefined : upkeep.rowsForgotten(change.ids)
    const { ids } = change
    notePending(ids === 'all' ? [...pendingIds] : ids)
    const news = learning && ids !== 'all' ? ids.filter(upkeep.hasMet) : ids
    if (rules.crossedReads) flights.noteChanged(news)
    if (rules.upkeep) upkeep.rowsChanged(change, learning ? learningKey : undefined)
    events.rowsChanged(change.ids)
    changed()
  })
  let wasLive = false
  replica.status.subscribe((status) => {
    const isLive = status.state === 'live'
    if (isLive && !wasLive) ownResults.clear()
    // What this tab read itself may have changed while the leader was cut off.
    if (status.role === 'follower' && isLive && !wasLive && !collection.complete) invalidateAll()
    wasLive = isLive
    events.statusChanged(status)
    changed()
  })
  const start = (): Shared => {
    if (options.tabs !== undefined) return joinTabs(options.tabs, core, () => sync)
    sync.start()
    outbox.start()
    return alone(outbox, () => sync)
  }
  /** Whether what this run has heard of is also what its store will tell the next. */
  const settledDown = (): boolean => {
    if (replica.status.get().state !== 'live') return true
    return replica.refetches.size === 0 && replica.overlay.size === 0
  }
  const closeNow = async (): Promise<void> => {
    // What was accepted is sent first; a master out of reach does not hold the end back for long.
    const until = clock.now() + settings.drainMs
    const drained = new AbortController()
    const sent = outbox.drained().then(() => drained.abort())
    await Promise.race([sent, delay(clock, settings.drainMs, drained.signal)])
    while (!settledDown() && clock.now() < until) await delay(clock, settleCheckMs)
    ending.abort()
    sessions.disposeAll()
    recentViews.close()
    await shared.close()
    await replica.flushed().catch(() => {})
    await replica.close().catch(() => {})
    await options.release()
    log.write('info', 'freshet::table', 'closed', { cache_key: cacheKey, ...stats })
  }

  const core: LiveCore & { committed(): void } = {
    committed: () => shared.committed(),
    settings,
    replica,
    collection,
    outbox,
    upkeep,
    flights,
    events,
    stats,
    eviction,
    sessions,
    recentViews,
    openResults,
    pendingIds,
    isOwnResult({ key, fetchedAtUnixMs }) {
      return replica.status.get().role === 'leader' || ownResults.get(key) === fetchedAtUnixMs
    },
    get generation() {
      return generation
    },
    get closed() {
      return closed !== undefined
    },
    signal: ending.signal,
    master: () => current,
    async settledConnection(signal) {
      const connecting = () => ['idle', 'bootstrapping', 'catching-up'].includes(replica.status.get().state)
      if (!connecting()) return
      const done = new AbortController()
      const off = replica.status.subscribe(() => {
        if (!connecting()) done.abort()
      })
      const either = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal])
      await delay(clock, settings.connectWaitMs, either)
      off()
    },
    onChange(listener) {
      const entry = (): void => listener()
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
    changed,
    applyRead(batch) {
      learning = true
      learningKey = batch.covers?.[0]?.key ?? null
      try {
        replica.apply(batch)
      } finally {
        learning = false
      }
      for (const { table, key } of batch.covers ?? []) {
        eviction.used(key)
        ownResults.set(key, replica.coverages.get(table, key)?.fetchedAtUnixMs ?? 0)
      }
      evict()
    },
    invalidateAll,
    reconcile: () => sync.reconcile(),
    async swapMaster(master) {
      await sync.pause()
      generation += 1
      current = master
      replica.reset()
      replica.beginEpoch()
      sync = newSync()
      if (replica.status.get().role === 'leader') sync.start()
      log.write('info', 'freshet::table', 'master swapped', { cache_key: cacheKey })
    },
    async close() {
      closed ??= closeNow()
      await closed
    },
  }
  eviction.expire(clock.now())
  const shared = start()
  log.write('info', 'freshet::table', 'opened', { cache_key: cacheKey })
  return core
}

type Shared = { committed(): void; close(): Promise<void> }

/** A table that no other tab shares runs its own sync and outbox. */
function alone(outbox: Outbox, sync: () => Sync): Shared {
  return {
    committed() {},
    async close() {
      await outbox.stop()
      await sync().stop()
    },
  }
}

/** One of the tabs runs sync and outbox, the others follow it [T10]. */
function joinTabs(tabs: TabEnvironment, { settings, replica, outbox }: LiveCore, sync: () => Sync): Shared {
  const { cacheKey, log } = settings
  const onError = (error: unknown): void =>
    log.write('error', 'freshet::table::tabs', error instanceof Error ? error.message : String(error))
  const group = createTabGroup<TabMessage>({ ...tabs, name: `freshet/${cacheKey}`, onError })
  // The sync is another one after the master was swapped.
  const currentSync: Sync = {
    start: () => sync().start(),
    pause: () => sync().pause(),
    stop: () => sync().stop(),
    reconcile: () => sync().reconcile(),
  }
  return shareReplica({ replica, tabs: group, sync: currentSync, outbox, onError })
}
