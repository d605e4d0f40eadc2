import {
  createSync,
  createTabGroup,
  delay,
  shareReplica,
  sourceSide,
  type Outbox,
  type Replica,
  type Sync,
  type TabEnvironment,
  type TabMessage,
} from '@freshet/core'
import type { RowNews } from './live-rows.ts'
import { rowsTable, type LiveSettings } from './live-settings.ts'
import { masterSource } from './master-source.ts'
import type { Master } from './master.ts'

/** A live table's way to its master: one sync, anew after each swap, shared among tabs where there are some. */
export type LiveConnection = {
  /** Grows when the master is swapped: what was read before is of another. */
  readonly generation: number
  master(): Master
  /** Resolves when the first attempt to connect has ended, or has taken long. */
  settled(signal?: AbortSignal): Promise<void>
  start(outbox: Outbox): void
  reconcile(): void
  swapMaster(master: Master): Promise<void>
  /** Something was committed: the other tabs are to hear of it. */
  committed(): void
  close(): Promise<void>
}

export function createLiveConnection(options: {
  readonly master: Master
  readonly replica: Replica
  readonly settings: LiveSettings
  readonly tabs: TabEnvironment | undefined
  news(): RowNews
  invalidateAll(): void
}): LiveConnection {
  const { replica, settings, tabs } = options
  const { clock, log, cacheKey } = settings
  let current = options.master
  let generation = 0
  let sync = newSync(options, () => current)
  let shared: Shared | undefined
  const isConnecting = (): boolean =>
    ['idle', 'bootstrapping', 'catching-up'].includes(replica.status.get().state)

  return {
    get generation() {
      return generation
    },
    master: () => current,
    async settled(signal) {
      if (!isConnecting()) return
      const done = new AbortController()
      const off = replica.status.subscribe(() => {
        if (!isConnecting()) done.abort()
      })
      const either = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal])
      await delay(clock, settings.connectWaitMs, either)
      off()
    },
    start(outbox) {
      shared = tabs ? joinTabs(tabs, replica, outbox, settings, () => sync) : alone(outbox, () => sync)
    },
    reconcile: () => sync.reconcile(),
    async swapMaster(master) {
      await sync.pause()
      generation += 1
      current = master
      sourceSide(replica).reset()
      sourceSide(replica).beginEpoch()
      sync = newSync(options, () => current)
      if (replica.status.get().role === 'leader') sync.start()
      log.write('info', 'freshet::table', 'master swapped', { cache_key: cacheKey })
    },
    committed: () => shared?.committed(),
    close: async () => shared?.close(),
  }
}

type ConnectionOptions = Parameters<typeof createLiveConnection>[0]

function newSync({ replica, settings, news, invalidateAll }: ConnectionOptions, master: () => Master): Sync {
  const { cacheKey, clock, random, log, telemetry, reconcileMs, isLookedAt, rules } = settings
  const source = masterSource({
    master,
    table: rowsTable,
    liveStream: settings.liveStream,
    mayResume: () => !settings.preload || replica.collection(rowsTable).complete,
    onTouched(id) {
      const named = settings.invalidation === 'rows'
      if (named) news().touched(id)
      else invalidateAll()
      return named
    },
    onChanged: (ids) => news().changing(ids),
    onPut: (ids) => news().put(ids),
    onGone: (id) => news().gone(id),
    onInvalidated: invalidateAll,
    onEvent(kind, id) {
      log.write('debug', 'freshet::table::events', kind, { cache_key: cacheKey, id })
      return telemetry.span('freshet.table.event', { cache_key: cacheKey, kind })
    },
  })
  const whole = settings.preload ? [rowsTable] : []
  return createSync({
    replica,
    source,
    whole,
    reconcileMs,
    isLookedAt,
    clock,
    random,
    log,
    telemetry,
    rules: rules.kernel,
  })
}

type Shared = { committed(): void; close(): Promise<void> }

/** A table that no other tab shares runs its own sync and outbox. */
function alone(outbox: Outbox, sync: () => Sync): Shared {
  sync().start()
  outbox.start()
  return {
    committed() {},
    async close() {
      await outbox.stop()
      await sync().stop()
    },
  }
}

/** One of the tabs runs sync and outbox, the others follow it [T10]. */
function joinTabs(
  tabs: TabEnvironment,
  replica: Replica,
  outbox: Outbox,
  { cacheKey, log }: LiveSettings,
  sync: () => Sync,
): Shared {
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
