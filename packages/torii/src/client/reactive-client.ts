import { delay, systemClock, uuidV7, type Row } from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import type { SyncTarget } from '../sync/sync-target.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { idOf, queryEntities, type QueryOptions, type QueryResult } from './entity-query.ts'
import type { ErrorStream } from './error-stream.ts'
import type { ReactiveError } from './errors.ts'
import { createMemberIndex, type MemberIndex } from './member-index.ts'
import { followTransaction, type TransactionOutcome } from './follow-transaction.ts'
import { reservedStorage, type ReservedStorage } from './reserved-storage.ts'
import type { OverlayTrace } from './trace-overlays.ts'
import type { OverlayHandle, OverlayRequest } from './overlays.ts'
import type { EntitySelector } from './selector.ts'
import {
  subscribeRows,
  subscribeUpdates,
  type EntityUpdate,
  type SubscribeOptions,
} from './subscribe-rows.ts'
import type { SyncStatus } from './sync-status.ts'
import type { SyncTick } from './sync-tick.ts'
import { openWorldCore, type WorldCore } from './world-core.ts'
import { inHeldForm } from '../values/held-form.ts'
import { openRemoteCore } from '../worker/remote-core.ts'
import type { Members, RowOf, Selected, TagOf, WorldSchema } from './world-schema.ts'

export type MutateOptions<R = Row> = {
  /** Whether a confirmed row shows that it has happened. Default: it holds the payload. */
  readonly guard?: ((confirmed: R) => boolean) | undefined
  readonly timeoutMs?: number | undefined
  /** Default: a new UUID. */
  readonly transactionId?: string | undefined
  /**
   * Sends the change to the chain; when it rejects, the change is undone here. What it gives, a transaction's
   * hash or `{ transaction_hash }`, is what `receipt` and `exact` go by.
   */
  readonly send?: (() => Promise<unknown>) | undefined
  /** Asks the chain what became of the transaction; `reverted` undoes the change at once. */
  readonly receipt?: ((transactionHash: string) => Promise<TransactionOutcome>) | undefined
  /**
   * Confirms by the transaction instead of the values: the change falls when Torii says, by its SQL door, that this
   * transaction was the last to change the entity. A `guard` given beside it still counts. Default false.
   */
  readonly exact?: boolean | undefined
}

/**
 * A live local replica of a world: reads are local and instant, changes show at once.
 *
 * `S` says what the models hold. It is the caller's word: rows are as the server declares them.
 */
export interface ReactiveClient<S extends WorldSchema = WorldSchema> {
  /**
   * Resolves with the first consistent state: at once where one is on the disk. Rejects when synchronising stops
   * before. Once `reset` has resolved, this is another promise: that the world has been read again.
   */
  readonly ready: Promise<void>
  /** The tags of models and events and the kinds of record that can be asked for. */
  readonly tables: readonly TagOf<S>[]
  /** What the models that are synchronised hold, by tag, as the server declares them; empty until it was reached. */
  readonly schemas: ReadonlyMap<string, ModelSchema>
  /** The entities that match now. */
  query<M extends TagOf<S>>(model: M, options?: QueryOptions): QueryResult<RowOf<S, M>>
  /** The entity with pending changes folded in. */
  get<M extends TagOf<S>>(model: M, entityId: string): RowOf<S, M> | undefined
  /** Calls `listener` now and after each batch that changed the result. Returns how to stop. */
  subscribe<M extends TagOf<S>, How extends EntitySelector>(
    model: M,
    selector: How,
    listener: (rows: readonly Selected<RowOf<S, M>, How>[], ids: readonly string[]) => void,
    options?: SubscribeOptions,
  ): () => void
  /**
   * Shows a change of an entity at once, sends it if told how, and undoes it when that fails or takes too long.
   *
   * @throws {FreshetError} `torii/overlay-conflict`: another change of it is pending, see `submitOverlay`.
   */
  mutate<M extends TagOf<S>>(
    model: M,
    payload: Members<RowOf<S, M>> & { readonly entityId: string },
    options?: MutateOptions<RowOf<S, M>>,
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
  /** Lets go of the server; `resume` goes on. In a tab that follows, both do nothing. */
  pause(): Promise<void>
  resume(): void
  /**
   * Drops what is stored and reads the world again: the answer to `SchemaMismatchError`. Resolves when the old rows
   * are gone, here and on the disk; `ready` then tells when the new ones are here. Pending changes stay, and lie over
   * them.
   *
   * @throws {FreshetError} `torii/not-leading`: another tab synchronises; reset it there.
   */
  reset(): Promise<void>
  /**
   * Synchronises one more model, event or kind of record from now on, or one with other filters; what is held
   * already is not read again. It is one of the manifest, of `models` or of `targets`.
   *
   * @throws {FreshetError} `torii/unknown-target`, `torii/bad-model-tag`, `torii/bad-felt`; `torii/not-leading`: another
   *   tab synchronises; add it there, or give it to each tab as `targets`.
   */
  addTarget(target: SyncTarget): Promise<void>
  /**
   * Stops synchronising a table and forgets its rows, here and on the disk.
   *
   * @throws {FreshetError} `torii/not-leading`
   */
  removeTarget(table: string): Promise<void>
  /**
   * Forgets rows of models and records that are not synchronised, here and on the disk.
   *
   * @throws {FreshetError} `torii/not-leading`
   */
  prune(): Promise<void>
  /** Kept free for a later release. */
  readonly storage: ReservedStorage
  /** Tells each step of each pending change, and where the world overtakes one. May change in any release. */
  unstable_trace(listener: (trace: OverlayTrace) => void): () => void
  /** Stops synchronising and closes the store. */
  shutdown(): Promise<void>
}

/**
 * Opens a replica of a world and begins to synchronise it.
 *
 * What the store holds is there when this resolves, unless it is loaded `behind`;
 * a server that is out of reach is no error but a state. With `worker` this
 * resolves at once, the worker starts with the first use, and what the disk
 * holds comes from it.
 *
 * @throws {FreshetError} `torii/bad-manifest`, `torii/bad-model-tag`, `torii/bad-url`, and `storage/*` as the store does.
 */
export async function createReactiveClient<S extends WorldSchema = WorldSchema>(
  options: ReactiveClientOptions,
): Promise<ReactiveClient<S>> {
  // The caller's word for the rows, see ReactiveClient.
  return clientOn(await openCore(options)) as unknown as ReactiveClient<S>
}

async function openCore(options: ReactiveClientOptions): Promise<WorldCore> {
  const { worker, loading = 'before', clock = systemClock } = options
  if (worker) return openRemoteCore(options, worker)
  if (loading === 'behind') return openWorldCore({ ...options, turn: () => delay(clock, 0) })
  const core = await openWorldCore(options)
  try {
    await core.loaded
    return core
  } catch (error) {
    await core.close()
    throw error
  }
}

function clientOn(core: WorldCore): ReactiveClient {
  const { replica, tables, schemas, overlays, status, errors, clock } = core
  const indexes = new Map<string, ReadonlyMap<string, MemberIndex>>()
  const indexesOf = (model: string): ReadonlyMap<string, MemberIndex> => {
    const known = indexes.get(model)
    if (known) return known
    const paths = core.indexes[model]?.flatMap((members) => members.slice(0, 1)) ?? []
    const made = new Map(paths.map((path) => [path, createMemberIndex(replica.collection(model), path)]))
    indexes.set(model, made)
    return made
  }
  const begun = <A extends unknown[], R>(method: (...given: A) => R) => {
    return (...given: A): R => {
      core.begin()
      return method(...given)
    }
  }
  return {
    get ready() {
      core.begin()
      return core.ready
    },
    tables,
    schemas,
    query: begun((model, query) =>
      queryEntities(replica.collection(model), schemas.get(model), query, indexesOf(model)),
    ),
    get: begun((model, entityId) => replica.collection(model).get(idOf(entityId))),
    subscribe: begun((model, selector, listener, how = {}) =>
      subscribeRows(core, model, selector, listener, { ...how, clock }),
    ),
    mutate: begun((model, payload, how = {}) => mutateEntity(core, model, payload, how)),
    submitOverlay: begun((request) =>
      overlays.submit({ ...request, payload: heldPayload(core, request.model, request.payload) }),
    ),
    getOverlayFor: overlays.of,
    ackOverlay: overlays.ack,
    rollbackOverlay: overlays.rollback,
    getSyncStatus: status.get,
    syncStatus: { get: status.get, subscribe: begun(status.subscribe) },
    entityUpdates: { subscribe: begun((listener) => subscribeUpdates(replica, tables, listener)) },
    errors,
    pause: begun(core.pause),
    resume: begun(core.resume),
    reset: begun(core.reset),
    addTarget: begun(core.addTarget),
    removeTarget: begun(core.removeTarget),
    prune: begun(core.prune),
    storage: reservedStorage,
    unstable_trace: core.trace,
    shutdown: core.close,
  }
}

function mutateEntity(
  core: WorldCore,
  model: string,
  { entityId: id, ...members }: Row & { readonly entityId: string },
  how: MutateOptions,
): OverlayHandle & { readonly sent: Promise<unknown> } {
  const payload = heldPayload(core, model, members)
  const { overlays, random, clock, guardPollMs: pollMs } = core
  const { transactionId = uuidV7(random, clock.now()), timeoutMs, send, receipt, exact = false } = how
  const entityId = idOf(id)
  const guard = how.guard ?? (exact ? () => false : undefined)
  const handle = overlays.submit({ entityId, model, payload, transactionId, guard, timeoutMs })
  const sent = Promise.resolve().then(() => send?.())
  // The caller may not look at it; the layer is undone either way.
  sent.catch(() => handle.rollback())
  if (receipt || exact)
    followTransaction(core, { model, entityId, payload }, { handle, sent, receipt, exact, pollMs }).catch(
      () => {},
    )
  return { ...handle, sent }
}

function heldPayload({ schemas }: Pick<WorldCore, 'schemas'>, model: string, payload: Row): Row {
  return inHeldForm(schemas.get(model)?.members ?? [], payload)
}
