import {
  createReplica,
  createSync,
  createTabGroup,
  FreshetError,
  openReplica,
  shareReplica,
  silentLog,
  storeTables,
  systemClock,
  systemRandom,
  type Clock,
  type Query,
  type Random,
  type Replica,
  type Store,
  type StoreRecord,
  type Sync,
  type SyncOptions,
  type TableSpec,
  type TabMessage,
} from '@freshet/core'
import { computeManifestHash } from '../schema/manifest.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import { readCheckpoint } from '../sync/checkpoint.ts'
import { allToriiRules } from '../sync/torii-rules.ts'
import { createToriiSource } from '../sync/torii-source.ts'
import { canonicalFelt } from '../values/felt.ts'
import { parseModelTag } from '../values/model-tag.ts'
import { createToriiClient } from '../wire/torii-client.ts'
import { toriiBackoff, type ReactiveClientOptions } from './client-options.ts'
import { createErrorStream, type ErrorStream } from './error-stream.ts'
import { SchemaMismatchError, type ReactiveError } from './errors.ts'
import { judgeServer } from './judge-server.ts'
import { createOverlays, type Overlays } from './overlays.ts'
import { createSyncStatus, type SyncStatus } from './sync-status.ts'
import { reportHalts, whenReady } from './watch-status.ts'

/** What the parts of a client share: the replica of a world, what keeps it, its overlays. */
export type WorldCore = {
  readonly replica: Replica
  readonly models: readonly string[]
  /** Known once the server was reached. */
  readonly schemas: ReadonlyMap<string, ModelSchema>
  readonly overlays: Overlays
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
  /** The first rows of a query before the replica is whole; undefined where only the replica can tell. */
  firstWindow(model: string, query: Query): Promise<readonly StoreRecord[] | undefined>
  close(): Promise<void>
}

/** Opens the replica of a world and begins to synchronise it. */
export async function openWorldCore(options: ReactiveClientOptions): Promise<WorldCore> {
  const { clock = systemClock, random = systemRandom, log = silentLog, tabs } = options
  const settings = settingsOf(options)
  const { world, models, manifestHash, reconcileMs } = settings
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::torii::listener', String(error))
  const errors = createErrorStream<ReactiveError>(onListenerError)
  const name = `torii:${world}`
  let share: ReturnType<typeof shareReplica> | undefined
  const { replica, store } = await openWorldReplica({
    ...options,
    name,
    models,
    committed: () => share?.committed(),
  })
  const overlays = createOverlays({
    replica,
    clock,
    defaultTimeoutMs: settings.overlayTimeoutMs,
    guardPollMs: settings.guardPollMs,
    onTimeout: errors.emit,
  })
  const status = createSyncStatus({
    replica,
    clock,
    models,
    reconcileMs,
    overlaysOf: overlays.countOf,
    onListenerError,
  })
  const schemas = new Map<string, ModelSchema>()
  const source = worldSource(options, { ...settings, clock, replica, status, schemas, errors })
  const sync = guarded(
    createSync({ ...syncOptions(options, settings), replica, source }),
    replica,
    manifestHash,
    errors.emit,
  )
  const ready = whenReady(replica)
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
  return {
    replica,
    models,
    schemas,
    overlays,
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

function notLeading(): FreshetError {
  return new FreshetError({
    code: 'torii/not-leading',
    kind: 'usage',
    message: 'Another tab or worker synchronises this world; call reset() there.',
  })
}

type Settings = ReturnType<typeof settingsOf>

/** The options with nothing left out, checked. */
function settingsOf(options: ReactiveClientOptions) {
  const { manifest, toriiUrl, fetch } = options
  const models = [...new Set(options.models ?? manifest.models.map(({ tag }) => tag))]
  for (const tag of models) parseModelTag(tag)
  return {
    manifestHash: computeManifestHash(manifest),
    world: canonicalFelt(options.worldAddress ?? manifest.world.address),
    models,
    client: options.client ?? createToriiClient({ toriiUrl, fetch }),
    pageRows: options.pageSize ?? 1_000,
    reconcileMs: options.reconcileMs ?? 600_000,
    overlayTimeoutMs: options.overlayOptions?.timeoutMs ?? 30_000,
    guardPollMs: options.overlayOptions?.guardPollIntervalMs ?? 500,
  }
}

function syncOptions(
  { clock, random, log, telemetry, stallMs, rules, backoff = toriiBackoff }: ReactiveClientOptions,
  { pageRows, reconcileMs }: Settings,
): Omit<SyncOptions<never>, 'replica' | 'source'> {
  return { clock, random, log, telemetry, stallMs, backoff, pageRows, reconcileMs, rules: rules?.kernel }
}

function worldSource(
  { silenceMs = 45_000, rules }: ReactiveClientOptions,
  parts: Settings & {
    readonly clock: Clock
    readonly replica: Replica
    readonly status: SyncStatus
    readonly schemas: Map<string, ModelSchema>
    readonly errors: { emit(error: ReactiveError): void }
  },
) {
  const { client, world, models, manifestHash, pageRows, clock, replica, status, schemas, errors } = parts
  return createToriiSource({
    client,
    world,
    models,
    manifestHash,
    clock,
    pageRows,
    silenceMs,
    rules: rules?.torii ?? allToriiRules,
    stored: () => replica.checkpoint,
    *heldIds(table) {
      const collection = replica.collection(table)
      for (const id of collection.ids()) if (collection.confirmed(id) !== undefined) yield id
    },
    onIdentity(identity, checkpoint) {
      for (const schema of identity.schemas) schemas.set(schema.tag, schema)
      judgeServer(identity, checkpoint, errors.emit)
    },
    onPulse: status.pulsed,
    onRows: status.rowsRead,
  })
}

/** A sync that does not start on rows of another manifest: they stay readable until a reset. */
function guarded(
  sync: Sync,
  replica: Replica,
  manifestHash: string,
  emit: (error: ReactiveError) => void,
): Sync {
  return {
    ...sync,
    start() {
      const storedUnder = readCheckpoint(replica.checkpoint)?.manifestHash ?? manifestHash
      if (storedUnder === manifestHash) return sync.start()
      const error = new SchemaMismatchError('The manifest is another one', manifestHash, storedUnder)
      emit(error)
      replica.status.update({ state: 'halted', freshness: { lastError: error } })
    },
  }
}

/** The tables of a world's models. */
export function tableSpecs(
  models: readonly string[],
  indexes: ReactiveClientOptions['indexes'] = {},
): readonly TableSpec[] {
  return models.map((name) => ({
    name,
    indexes: indexes[name]?.map((fields) => ({ name: fields.join(','), fields })),
  }))
}

async function openWorldReplica(
  options: ReactiveClientOptions & {
    readonly name: string
    readonly models: readonly string[]
    committed(): void
  },
): Promise<{ readonly replica: Replica; readonly store: Store | undefined }> {
  const { name, models, storageFactory, tabs, clock, log, maxRows, committed } = options
  const tables = tableSpecs(models, options.indexes)
  const kept = { name, tables, clock, log, maxRows, rules: options.rules?.kernel }
  if (!storageFactory) return { replica: createReplica(kept), store: undefined }
  const store = await storageFactory(storeTables(tables))
  const role = tabs ? 'follower' : 'leader'
  return { replica: await openReplica({ ...kept, store, role, onCommitted: committed }), store }
}
