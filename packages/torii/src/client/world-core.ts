import {
  asFreshetError,
  beginReplica,
  createReplica,
  createTabGroup,
  FreshetError,
  readFirstWindow,
  releaseRows,
  shareReplica,
  silentLog,
  storeTables,
  systemClock,
  systemRandom,
  wholeTable,
  sourceSide,
  type Clock,
  type Query,
  type Random,
  type Replica,
  type Store,
  type StoreRecord,
  type TableSpec,
  type TabMessage,
  coverages,
} from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import { createActiveTargets, tableOfTarget, type SyncTarget } from '../sync/sync-target.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { countOverlays } from './count-overlays.ts'
import { createErrorStream, type ErrorStream } from './error-stream.ts'
import { TargetQuarantinedError, type ReactiveError } from './errors.ts'
import { openOverlays } from './open-overlays.ts'
import type { Overlays } from './overlays.ts'
import type { OverlayTrace } from './trace-overlays.ts'
import { createSyncStatus, type SyncStatus } from './sync-status.ts'
import { reportForeignRows, reportHalts, whenReady } from './watch-status.ts'
import { createWorldSync, settingsOf } from './world-sync.ts'
import { checkTable, tableSpecs, targetsOf } from './world-tables.ts'

/** What the parts of a client share: the replica of a world, what keeps it, its overlays. */
export type WorldCore = {
  readonly replica: Replica
  /** Of all that could be synchronised. */
  readonly tables: readonly string[]
  readonly indexes: NonNullable<ReactiveClientOptions['indexes']>
  /** Known once the server was reached. */
  readonly schemas: ReadonlyMap<string, ModelSchema>
  readonly overlays: Overlays
  readonly guardPollMs: number
  trace(listener: (trace: OverlayTrace) => void): () => void
  readonly status: Pick<SyncStatus, 'get' | 'subscribe'>
  readonly errors: ErrorStream<ReactiveError>
  /** The first consistent state; after a reset, that of the world read again. */
  readonly ready: Promise<void>
  /** Resolves when all that is on the disk can be seen; rejects when it cannot be read. */
  readonly loaded: Promise<void>
  readonly clock: Clock
  readonly random: Random
  /** Called before each use: what synchronises may start with the first. */
  begin(): void
  pause(): Promise<void>
  resume(): void
  reset(): Promise<void>
  addTarget(target: SyncTarget): Promise<void>
  removeTarget(table: string): Promise<void>
  prune(): Promise<void>
  /** The hash of the transaction that last changed an entity's model; undefined where the server does not tell. */
  changedBy(model: string, entityId: string): Promise<string | undefined>
  /** The first rows of a query before the replica is whole; undefined where only the replica can tell. */
  firstWindow(model: string, query: Query): Promise<readonly StoreRecord[] | undefined>
  close(): Promise<void>
}

/**
 * Opens the store of a world, and begins to load its replica and then to synchronise it.
 *
 * @param options.turn - See `beginReplica`.
 */
export async function openWorldCore(options: WorldCoreOptions): Promise<WorldCore> {
  const { clock = systemClock, random = systemRandom, log = silentLog, tabs } = options
  const settings = settingsOf(options)
  const { world, tables, reconcileMs } = settings
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::torii::listener', String(error))
  const errors = createErrorStream<ReactiveError>(onListenerError)
  const name = `torii:${world}`
  let share: ReturnType<typeof shareReplica> | undefined
  const specs = tableSpecs(tables, options.indexes)
  const store = await options.storageFactory?.(storeTables(specs))
  const begun = beginWorldReplica(options, {
    name,
    tables: specs,
    store,
    committed: () => share?.committed(),
  })
  const { replica, loaded } = begun
  const { guardPollMs, overlays, trace } = openOverlays(options, replica, clock, errors.emit, onListenerError)
  const targets = createActiveTargets(targetsOf(options), (table, why) => {
    errors.emit(new TargetQuarantinedError(table, why))
    notWhole(replica, table)
  })
  const status = createSyncStatus({
    replica,
    clock,
    tables: () => targets.tables,
    reconcileMs,
    onListenerError,
  })
  const ticks = countOverlays(status, overlays, clock, onListenerError)
  const schemas = new Map<string, ModelSchema>()
  const sync = createWorldSync(options, { ...settings, clock, replica, targets, status, schemas, errors })
  let ready = whenReady(replica, targets.tables)
  const stops = [
    reportHalts(replica, ticks, errors.emit),
    reportForeignRows(replica, settings.manifestHash, errors.emit),
  ]
  const start = (): void => {
    if (!tabs || !store) return sync.start()
    const group = createTabGroup<TabMessage>({
      openChannel: tabs.openChannel,
      locks: tabs.locks,
      name,
      onError: onListenerError,
    })
    share = shareReplica({ replica, tabs: group, sync, onError: onListenerError })
  }
  let isClosed = false
  let isLoaded = false
  const started = loaded.then(
    () => {
      isLoaded = true
      if (!isClosed) start()
    },
    (error: unknown) => {
      const lastError = asFreshetError(error, { code: 'storage/unavailable', kind: 'storage' })
      replica.status.update({ state: 'halted', freshness: { lastError } })
      throw lastError
    },
  )
  // Who opened it is told, and the status says it.
  started.catch(() => {})
  const leads = (): boolean => replica.status.get().role === 'leader'
  /** Another set of targets is one for another connection, which goes on where this one ends. */
  const reconnect = async (): Promise<void> => {
    const { state } = replica.status.get()
    if (!leads() || state === 'paused' || state === 'halted') return
    await sync.stop()
    sync.start()
  }
  return {
    replica,
    tables,
    indexes: options.indexes ?? {},
    schemas,
    overlays,
    guardPollMs,
    trace,
    status: ticks,
    errors,
    get ready() {
      return ready
    },
    loaded: started,
    clock,
    random,
    begin() {},
    async pause() {
      await started
      if (leads()) await sync.pause()
    },
    resume() {
      // Begins by itself once it is loaded.
      if (isLoaded && leads()) sync.start()
    },
    async reset() {
      await started
      if (!leads()) throw notLeading()
      await sync.stop()
      sourceSide(replica).reset()
      await replica.flushed()
      ready = whenReady(replica, targets.tables)
      sync.start()
    },
    async addTarget(target) {
      checkTable(tables, tableOfTarget(target))
      await started
      if (!leads()) throw notLeading()
      targets.add(target)
      await reconnect()
    },
    async removeTarget(table) {
      await started
      if (!leads()) throw notLeading()
      if (!targets.remove(table)) return
      await reconnect()
      forget(replica, table)
    },
    async prune() {
      await started
      if (!leads()) throw notLeading()
      for (const table of tables) if (!targets.isKept(table)) forget(replica, table)
      await replica.flushed()
    },
    changedBy: (model, entityId) =>
      settings.client.changedBy(world, model, entityId, AbortSignal.timeout(askMs)).catch(() => undefined),
    async firstWindow(model, query) {
      const spec = specs.find(({ name: known }) => known === model)
      if (!store || !spec || isLoaded) return undefined
      // What is wrong with the store is told by loading it.
      return readFirstWindow(store, spec, query).catch(() => undefined)
    },
    async close() {
      isClosed = true
      overlays.close()
      await started.catch(() => {})
      await share?.close()
      await sync.stop()
      for (const stop of stops) stop()
      status.close()
      ticks.close()
      await replica.flushed()
      await replica.close()
      await store?.close()
    },
  }
}

/** Not all of a table is known any more. */
function notWhole(replica: Replica, table: string): void {
  const covers = [{ table, key: wholeTable, complete: false }]
  replica.apply({ kind: 'state', startedAt: 'live', facts: [], covers })
}

/** Leaves nothing of a table, here and on the disk. */
function forget(replica: Replica, table: string): void {
  notWhole(replica, table)
  releaseRows(replica, table, [wholeTable], [...replica.collection(table).ids()])
}

/** How long a question besides synchronising may take. */
const askMs = 10_000

function notLeading(): FreshetError {
  return new FreshetError({
    code: 'torii/not-leading',
    kind: 'usage',
    message:
      'Another tab synchronises this world, and this one follows it. Ask there; once that tab is closed, this one may lead.',
  })
}

type WorldCoreOptions = ReactiveClientOptions & { readonly turn?: (() => Promise<void>) | undefined }

function beginWorldReplica(
  { tabs, clock, log, maxRows, rules, backPressure, turn }: WorldCoreOptions,
  on: {
    readonly name: string
    readonly tables: readonly TableSpec[]
    readonly store: Store | undefined
    committed(): void
  },
): { readonly replica: Replica; readonly loaded: Promise<void> } {
  const { name, tables, store, committed: onCommitted } = on
  const { maxBacklog } = backPressure ?? {}
  const kept = { name, tables, coverages, clock, log, maxRows, maxBacklog, rules: rules?.kernel }
  if (!store) return { replica: createReplica(kept), loaded: Promise.resolve() }
  return beginReplica({ ...kept, store, role: tabs ? 'follower' : 'leader', onCommitted, turn })
}
