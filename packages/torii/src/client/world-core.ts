import {
  createReplica,
  createTabGroup,
  FreshetError,
  openReplica,
  shareReplica,
  silentLog,
  storeTables,
  systemClock,
  systemRandom,
  wholeTable,
  type Clock,
  type Query,
  type Random,
  type Replica,
  type Store,
  type StoreRecord,
  type TabMessage,
} from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import { createActiveTargets, tableOfTarget, type SyncTarget } from '../sync/sync-target.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createErrorStream, type ErrorStream } from './error-stream.ts'
import { TargetQuarantinedError, type ReactiveError } from './errors.ts'
import { openOverlays } from './open-overlays.ts'
import type { Overlays } from './overlays.ts'
import type { OverlayTrace } from './trace-overlays.ts'
import { createSyncStatus, type SyncStatus } from './sync-status.ts'
import { reportHalts, whenReady } from './watch-status.ts'
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
  readonly ready: Promise<void>
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

/** Opens the replica of a world and begins to synchronise it. */
export async function openWorldCore(options: ReactiveClientOptions): Promise<WorldCore> {
  const { clock = systemClock, random = systemRandom, log = silentLog, tabs } = options
  const settings = settingsOf(options)
  const { world, tables, reconcileMs } = settings
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::torii::listener', String(error))
  const errors = createErrorStream<ReactiveError>(onListenerError)
  const name = `torii:${world}`
  let share: ReturnType<typeof shareReplica> | undefined
  const { replica, store } = await openWorldReplica({
    ...options,
    name,
    tables,
    committed: () => share?.committed(),
  })
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
    overlaysOf: overlays.countOf,
    onListenerError,
  })
  const schemas = new Map<string, ModelSchema>()
  const sync = createWorldSync(options, { ...settings, clock, replica, targets, status, schemas, errors })
  const ready = whenReady(replica, targets.tables)
  const stopWatching = reportHalts(replica, status, errors.emit)
  if (tabs && store) {
    const group = createTabGroup<TabMessage>({
      openChannel: tabs.openChannel,
      locks: tabs.locks,
      name,
      onError: onListenerError,
    })
    share = shareReplica({ replica, tabs: group, sync, onError: onListenerError })
  } else sync.start()
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
    status,
    errors,
    ready,
    clock,
    random,
    begin() {},
    async pause() {
      if (leads()) await sync.pause()
    },
    resume() {
      if (leads()) sync.start()
    },
    async reset() {
      if (!leads()) throw notLeading()
      await sync.stop()
      replica.reset()
      await replica.flushed()
      sync.start()
    },
    async addTarget(target) {
      checkTable(tables, tableOfTarget(target))
      targets.add(target)
      await reconnect()
    },
    async removeTarget(table) {
      if (!targets.remove(table)) return
      await reconnect()
      if (leads()) forget(replica, table)
    },
    async prune() {
      if (!leads()) throw notLeading()
      for (const table of tables) if (!targets.isKept(table)) forget(replica, table)
      await replica.flushed()
    },
    changedBy: (model, entityId) =>
      settings.client.changedBy(world, model, entityId, AbortSignal.timeout(askMs)).catch(() => undefined),
    // Everything on the disk is loaded by now.
    firstWindow: () => Promise.resolve(undefined),
    async close() {
      overlays.close()
      await share?.close()
      await sync.stop()
      stopWatching()
      status.close()
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
  replica.release(table, [wholeTable], [...replica.collection(table).ids()])
}

/** How long a question besides synchronising may take. */
const askMs = 10_000

function notLeading(): FreshetError {
  return new FreshetError({
    code: 'torii/not-leading',
    kind: 'usage',
    message: 'Another tab or worker synchronises this world; ask there.',
  })
}

async function openWorldReplica(
  options: ReactiveClientOptions & {
    readonly name: string
    readonly tables: readonly string[]
    committed(): void
  },
): Promise<{ readonly replica: Replica; readonly store: Store | undefined }> {
  const { name, storageFactory, tabs, clock, log, maxRows, committed } = options
  const tables = tableSpecs(options.tables, options.indexes)
  const { maxBacklog } = options.backPressure ?? {}
  const kept = { name, tables, clock, log, maxRows, maxBacklog, rules: options.rules?.kernel }
  if (!storageFactory) return { replica: createReplica(kept), store: undefined }
  const store = await storageFactory(storeTables(tables))
  const role = tabs ? 'follower' : 'leader'
  return { replica: await openReplica({ ...kept, store, role, onCommitted: committed }), store }
}
