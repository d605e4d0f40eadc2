import {
  createReplica,
  createSync,
  createTabGroup,
  openReplica,
  shareReplica,
  silentLog,
  storeTables,
  systemClock,
  systemRandom,
  uuidV7,
  type OrderTerm,
  type Replica,
  type Row,
  type Store,
  type Sync,
  type TabMessage,
} from '@freshet/core'
import { computeManifestHash } from '../schema/manifest.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import { parseServerVersion } from '../schema/server-version.ts'
import { readCheckpoint, type ToriiCheckpoint } from '../sync/checkpoint.ts'
import { allToriiRules } from '../sync/torii-rules.ts'
import { createToriiSource, type ServerIdentity } from '../sync/torii-source.ts'
import { canonicalFelt } from '../values/felt.ts'
import { parseModelTag } from '../values/model-tag.ts'
import { createToriiClient } from '../wire/torii-client.ts'
import { toriiBackoff, type ReactiveClientOptions } from './client-options.ts'
import { createErrorStream, type ErrorStream } from './error-stream.ts'
import { toKernelFilter, type EntityFilter } from './entity-filter.ts'
import { queryEntities, type QueryOptions, type QueryResult } from './entity-query.ts'
import {
  SchemaMismatchError,
  SyncFatalError,
  ToriiEpochChangedError,
  ToriiVersionChangedError,
  type ReactiveError,
} from './errors.ts'
import { createOverlays, type Guard, type OverlayHandle, type OverlayRequest } from './overlays.ts'
import { paced, type Pace } from './paced.ts'
import { compileSelector, type EntitySelector } from './selector.ts'
import { createSyncStatus, type SyncStatus } from './sync-status.ts'
import type { SyncTick } from './sync-tick.ts'

export type SubscribeOptions = Pace & {
  readonly filter?: EntityFilter | undefined
  readonly order?: readonly OrderTerm[] | undefined
  readonly limit?: number | undefined
}

export type MutateOptions = {
  readonly guard?: Guard | undefined
  readonly timeoutMs?: number | undefined
  /** Default: a new UUID. */
  readonly transactionId?: string | undefined
  /** Sends the change to the chain; when it rejects, the change is undone here. */
  readonly send?: (() => Promise<unknown>) | undefined
}

/** Rows that became other ones, confirmed or pending. */
export type EntityUpdate = { readonly model: string; readonly ids: readonly string[] | 'all' }

/** A live local replica of a world: reads are local and instant, changes show at once. */
export interface ReactiveClient {
  /** Resolves with the first consistent state: at once where one is on the disk. Rejects when synchronising stops before. */
  readonly ready: Promise<void>
  /** The entities that match now. */
  query(model: string, options?: QueryOptions): QueryResult
  /** The entity with pending changes folded in. */
  get(model: string, entityId: string): Row | undefined
  /** Calls `listener` now and after each batch that changed the result. Returns how to stop. */
  subscribe(
    model: string,
    selector: EntitySelector,
    listener: (rows: readonly Row[], ids: readonly string[]) => void,
    options?: SubscribeOptions,
  ): () => void
  /**
   * Shows a change of an entity at once, sends it if told how, and undoes it when that fails or takes too long.
   *
   * @throws {FreshetError} `torii/overlay-conflict`: another change of it is pending, see `submitOverlay`.
   */
  mutate(
    model: string,
    payload: Row & { readonly entityId: string },
    options?: MutateOptions,
  ): OverlayHandle & { readonly sent: Promise<unknown> }
  /**
   * Shows a change at once. One that is pending on the same entity and model is
   * replaced if the new guard accepts what the entity becomes, else this one is refused.
   */
  submitOverlay(request: OverlayRequest): OverlayHandle
  getOverlayFor(entityId: string): readonly OverlayRequest[]
  /** Lets a change fall as confirmed by other means, such as a receipt. Whether there was one. */
  ackOverlay(transactionId: string): boolean
  /** Undoes a change, such as one whose transaction was reverted. Whether there was one. */
  rollbackOverlay(transactionId: string): boolean
  getSyncStatus(): SyncTick
  readonly syncStatus: Pick<SyncStatus, 'get' | 'subscribe'>
  readonly entityUpdates: { subscribe(listener: (update: EntityUpdate) => void): () => void }
  /** What the host should know or decide. Errors before the first listener are kept for it. */
  readonly errors: ErrorStream<ReactiveError>
  /** Lets go of the server; `resume` goes on. */
  pause(): Promise<void>
  resume(): void
  /** Drops what is stored and reads the world again: the answer to `SchemaMismatchError`. */
  reset(): Promise<void>
  /** Stops synchronising and closes the store. */
  shutdown(): Promise<void>
}

/**
 * Opens a replica of a world and begins to synchronise it.
 *
 * What the store holds is there when this resolves; a server that is out of
 * reach is no error but a state.
 *
 * @throws {FreshetError} `torii/bad-manifest`, `torii/bad-model-tag`, `torii/bad-url`, and `storage/*` as the store does.
 */
export async function createReactiveClient(options: ReactiveClientOptions): Promise<ReactiveClient> {
  const { manifest, clock = systemClock, random = systemRandom, log = silentLog, tabs } = options
  const manifestHash = computeManifestHash(manifest)
  const world = canonicalFelt(options.worldAddress ?? manifest.world.address)
  const models = [...new Set(options.models ?? manifest.models.map(({ tag }) => tag))]
  for (const tag of models) parseModelTag(tag)
  const torii = options.client ?? createToriiClient({ toriiUrl: options.toriiUrl, fetch: options.fetch })

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

  const schemas = new Map<string, ModelSchema>()
  const overlays = createOverlays({
    replica,
    clock,
    defaultTimeoutMs: options.overlayOptions?.timeoutMs ?? 30_000,
    onTimeout: errors.emit,
  })
  const { reconcileMs = 600_000 } = options
  const status = createSyncStatus({
    replica,
    clock,
    models,
    reconcileMs,
    overlaysOf: overlays.countOf,
    onListenerError,
  })
  const sync = createSync({
    replica,
    clock,
    random,
    log,
    telemetry: options.telemetry,
    backoff: options.backoff ?? toriiBackoff,
    pageRows: options.pageSize ?? 1_000,
    reconcileMs,
    rules: options.rules?.kernel,
    stallMs: options.stallMs,
    source: createToriiSource({
      client: torii,
      world,
      models,
      manifestHash,
      clock,
      pageRows: options.pageSize ?? 1_000,
      silenceMs: options.silenceMs ?? 45_000,
      rules: options.rules?.torii ?? allToriiRules,
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
    }),
  })

  const start = (): void => {
    const storedUnder = readCheckpoint(replica.checkpoint)?.manifestHash ?? manifestHash
    if (storedUnder === manifestHash) return sync.start()
    const error = new SchemaMismatchError('The manifest is another one', manifestHash, storedUnder)
    errors.emit(error)
    replica.status.update({ state: 'halted', freshness: { lastError: error } })
  }
  const ready = whenReady(replica)
  const stopWatching = reportHalts(replica, status, errors.emit)
  const guardedSync: Sync = { ...sync, start }
  if (tabs && store) {
    const group = createTabGroup<TabMessage>({ ...tabs, name, onError: onListenerError })
    share = shareReplica({ replica, tabs: group, sync: guardedSync, onError: onListenerError })
  } else start()

  const leads = (): boolean => replica.status.get().role === 'leader'
  return {
    ready,
    query: (model, query) => queryEntities(replica.collection(model), schemas.get(model), query),
    get: (model, entityId) => replica.collection(model).get(canonicalFelt(entityId)),
    subscribe: (model, selector, listener, how = {}) =>
      subscribeRows(replica, model, selector, listener, { ...how, clock }),
    mutate(model, { entityId, ...payload }, how = {}) {
      const { transactionId = uuidV7(random, clock.now()), guard, timeoutMs, send } = how
      const handle = overlays.submit({ entityId, model, payload, transactionId, guard, timeoutMs })
      const sent = Promise.resolve().then(() => send?.())
      // The caller may not look at it; the layer is undone either way.
      sent.catch(() => handle.rollback())
      return { ...handle, sent }
    },
    submitOverlay: overlays.submit,
    getOverlayFor: overlays.of,
    ackOverlay: overlays.ack,
    rollbackOverlay: overlays.rollback,
    getSyncStatus: status.get,
    syncStatus: status,
    entityUpdates: { subscribe: (listener) => subscribeUpdates(replica, models, listener) },
    errors,
    pause: () => sync.pause(),
    resume: () => leads() && start(),
    async reset() {
      await sync.stop()
      replica.reset()
      await replica.flushed()
      start()
    },
    async shutdown() {
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

async function openWorldReplica(
  options: ReactiveClientOptions & {
    readonly name: string
    readonly models: readonly string[]
    committed(): void
  },
): Promise<{ readonly replica: Replica; readonly store: Store | undefined }> {
  const { name, models, storageFactory, tabs, clock, log, maxRows, committed } = options
  const tables = models.map((tag) => ({ name: tag }))
  const kept = { name, tables, clock, log, maxRows, rules: options.rules?.kernel }
  if (!storageFactory) return { replica: createReplica(kept), store: undefined }
  const store = await storageFactory(storeTables(tables))
  const role = tabs ? 'follower' : 'leader'
  return { replica: await openReplica({ ...kept, store, role, onCommitted: committed }), store }
}

/** @throws {SchemaMismatchError} when the world was upgraded since the rows were stored. */
function judgeServer(
  { schemaHashes, serverVersion, epoch }: ServerIdentity,
  stored: ToriiCheckpoint | undefined,
  emit: (error: ReactiveError) => void,
): void {
  if (!stored) return
  for (const [tag, hash] of Object.entries(schemaHashes)) {
    const before = stored.schemas[tag]
    if (before === undefined || before === hash) continue
    const error = new SchemaMismatchError(`Model ${tag} was upgraded`, hash, before)
    emit(error)
    throw error
  }
  const isOther = parseServerVersion(stored.serverVersion).semver !== parseServerVersion(serverVersion).semver
  if (isOther) emit(new ToriiVersionChangedError(stored.serverVersion, serverVersion))
  if (stored.epoch !== epoch) emit(new ToriiEpochChangedError(stored.epoch, epoch))
}

function whenReady(replica: Replica): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    const look = (): boolean => {
      const { state, freshness } = replica.status.get()
      if (freshness.freshAtUnixMs !== undefined) resolve()
      else if (state === 'halted') reject(freshness.lastError)
      else return false
      return true
    }
    if (look()) return
    const stop = replica.status.subscribe(() => {
      if (look()) stop()
    })
  })
  // Nobody has to wait for it.
  ready.catch(() => {})
  return ready
}

function reportHalts(replica: Replica, status: SyncStatus, emit: (error: ReactiveError) => void): () => void {
  let halted = false
  return replica.status.subscribe(({ state, freshness: { lastError } }) => {
    const isNew = state === 'halted' && !halted
    halted = state === 'halted'
    if (isNew && lastError && !(lastError instanceof SchemaMismatchError))
      emit(new SyncFatalError(lastError, status.get()))
  })
}

function subscribeRows(
  replica: Replica,
  model: string,
  selector: EntitySelector,
  listener: (rows: readonly Row[], ids: readonly string[]) => void,
  { filter = {}, order, limit, clock, ...pace }: SubscribeOptions & { readonly clock: typeof systemClock },
): () => void {
  const select = compileSelector(selector)
  const selected = new WeakMap<Row, Row>()
  const selectOnce = (row: Row): Row => {
    let known = selected.get(row)
    if (!known) selected.set(row, (known = select(row)))
    return known
  }
  const view = replica.collection(model).view({ filter: toKernelFilter(filter), order, limit })
  const tell = paced<ReturnType<typeof view.snapshot>>(clock, pace, ({ rows, ids }) =>
    listener(rows.map(selectOnce), ids),
  )
  const stop = view.subscribe(tell.push)
  tell.push(view.snapshot())
  return () => {
    stop()
    tell.stop()
    view.close()
  }
}

function subscribeUpdates(
  replica: Replica,
  models: readonly string[],
  listener: (update: EntityUpdate) => void,
): () => void {
  const stops = models.map((model) =>
    replica.collection(model).subscribe(({ ids }) => listener({ model, ids })),
  )
  return () => {
    for (const stop of stops) stop()
  }
}
