import {
  asFreshetError,
  readFirstWindow,
  storeTables,
  systemClock,
  FreshetError,
  type Query,
  type Store,
  type StoreRecord,
  type StoreTable,
  type TabEnvironment,
} from '@freshet/core'
import { SyncFatalError, type ReactiveError } from '../client/errors.ts'
import type { openWorldCore, WorldCore } from '../client/world-core.ts'
import { tableSpecs, worldTables } from '../client/world-tables.ts'
import { computeManifestHash } from '../schema/manifest.ts'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import type { FromSyncWorker, SyncAnswer, SyncInit, SyncRequest, ToSyncWorker } from './messages.ts'
import { toPlainError, toPlainFault } from './plain-errors.ts'
import { createRowFeed, type RowFeed } from './row-feed.ts'
import type { SyncPort } from './sync-port.ts'
import { firstTick, haltedTick } from './tick-stream.ts'

/** What the platform of a worker gives it. */
export type SyncEnvironment = Pick<ReactiveClientOptions, 'client' | 'clock' | 'random'> & {
  /** Opens the durable copy by the name that `INIT` gives. */
  openStore(database: string, tables: readonly StoreTable[]): Promise<Store>
  /** What the workers on one durable copy share, where there may be several. */
  readonly tabs?: ((database: string) => TabEnvironment) | undefined
  /** Lets what has arrived be handled. */
  turn(): Promise<void>
  /** What synchronises, where it is loaded by itself: the first window of a query waits for the store alone. */
  loadCore(): Promise<typeof openWorldCore>
}

type Port = SyncPort<ToSyncWorker, FromSyncWorker>

/** The worker's side: synchronises what `INIT` says, and sends what it knows, until `SHUTDOWN`. */
export function serveSync(port: Port, environment: SyncEnvironment): void {
  let session: Session | undefined
  port.listen((message) => {
    switch (message.kind) {
      case 'INIT':
        session ??= openSession(port, environment, message)
        return
      case 'CREDIT':
        return session?.credit()
      case 'REQUEST':
        return void session?.answer(message.id, message.request)
      case 'SHUTDOWN':
        return void (session?.close() ?? Promise.resolve()).finally(() => {
          port.post({ kind: 'SHUTDOWN' })
          port.close()
        })
    }
  })
}

type Session = {
  credit(): void
  answer(id: number, request: SyncRequest): Promise<void>
  close(): Promise<void>
}

function openSession(
  port: Port,
  environment: SyncEnvironment,
  { init, manifestHash, rows }: Extract<ToSyncWorker, { kind: 'INIT' }>,
): Session {
  const { promise: store, resolve: opened } = Promise.withResolvers<Store | undefined>()
  let feed: RowFeed | undefined
  const opening = sameHash(init, manifestHash).then(() => openCore(environment, init, opened))
  opening.then(
    (core) => {
      port.post({ kind: 'INIT_ACK', manifestHash })
      feed = rows ? createRowFeed(core.replica, port.post) : undefined
      report(port, core, feed)
    },
    (error: unknown) => {
      opened(undefined)
      const reason = faultOf(error)
      const tick = haltedTick(firstTick((environment.clock ?? systemClock).now()))
      port.post({ kind: 'SYNC_TICK', tick })
      port.post({ kind: 'SYNC_FATAL', error: toPlainError(new SyncFatalError(reason, tick)) })
    },
  )
  return {
    credit: () => feed?.credit(),
    async answer(id, request) {
      try {
        const value = await answerRequest(request, init, store, opening)
        port.post({ kind: 'REPLY', id, reply: { kind: 'done', value } })
        if (request.ask === 'reset') tellReady(port, await opening, feed)
      } catch (error) {
        port.post({ kind: 'REPLY', id, reply: { kind: 'failed', error: toPlainFault(faultOf(error)) } })
      }
    },
    async close() {
      feed?.close()
      const core = await opening.catch(() => undefined)
      await core?.close()
    },
  }
}

/** A worker's file may be one of another release, such as one that a browser has kept. */
async function sameHash({ manifest }: SyncInit, asked: string): Promise<void> {
  const own = computeManifestHash(manifest)
  if (own === asked) return
  throw new FreshetError({
    code: 'torii/worker-outdated',
    kind: 'usage',
    message: `The application reads the manifest as ${asked}, its worker as ${own}: they are of different releases. Build both together, and have the browser load the worker's file anew.`,
  })
}

async function openCore(
  { openStore, loadCore, turn, tabs, ...environment }: SyncEnvironment,
  { database, ...init }: SyncInit,
  opened: (store: Store | undefined) => void,
): Promise<WorldCore> {
  if (database === undefined) {
    opened(undefined)
    const openWorld = await loadCore()
    return openWorld({ ...init, ...environment })
  }
  const store = await openStore(database, storeTables(tableSpecs(worldTables(init), init.indexes)))
  opened(store)
  try {
    // What is to be shown first is read before anything else is loaded, code and rows.
    await turn()
    const openWorld = await loadCore()
    const storageFactory = async (): Promise<Store> => store
    const core = await openWorld({ ...init, ...environment, tabs: tabs?.(database), storageFactory, turn })
    await core.loaded
    return core
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Tells what happens to a world from now on. */
function report(port: Port, core: WorldCore, feed: RowFeed | undefined): void {
  const { status, errors, schemas, replica } = core
  let toldSchemas = 0
  const tell = (): void => {
    if (schemas.size !== toldSchemas) port.post({ kind: 'SCHEMAS', schemas: [...schemas.values()] })
    toldSchemas = schemas.size
    port.post({ kind: 'SYNC_TICK', tick: status.get() })
  }
  let state = replica.status.get().state
  status.subscribe(tell)
  replica.status.subscribe((now) => {
    const { lastError, nextAttemptAtUnixMs } = now.freshness
    if (now.state === 'retrying' && state !== 'retrying' && lastError) {
      const retryInMs = Math.max(0, (nextAttemptAtUnixMs ?? 0) - core.clock.now())
      port.post({ kind: 'SYNC_ERROR', fault: toPlainFault(lastError), retryInMs })
    }
    state = now.state
  })
  errors.subscribe((error) => tellError(port, error))
  tell()
  tellReady(port, core, feed)
}

function tellReady(port: Port, { ready }: WorldCore, feed: RowFeed | undefined): void {
  ready.then(
    () => {
      if (feed) feed.whenSent(() => port.post({ kind: 'READY' }))
      else port.post({ kind: 'READY' })
    },
    (error: unknown) => port.post({ kind: 'READY', fault: toPlainFault(faultOf(error)) }),
  )
}

function tellError(port: Port, error: ReactiveError): void {
  switch (error.name) {
    case 'OverlayTimeoutError':
      // Pending changes are not in this thread.
      return
    case 'SyncFatalError':
      return port.post({ kind: 'SYNC_FATAL', error: toPlainError(error) })
    case 'SchemaMismatchError':
    case 'ToriiVersionChangedError':
    case 'ToriiEpochChangedError':
    case 'TargetQuarantinedError':
      return port.post({ kind: 'SYNC_ERROR', error: toPlainError(error) })
  }
}

async function answerRequest(
  request: SyncRequest,
  init: SyncInit,
  store: Promise<Store | undefined>,
  opening: Promise<WorldCore>,
): Promise<SyncAnswer> {
  switch (request.ask) {
    case 'pause':
      await (await opening).pause()
      return undefined
    case 'resume':
      ;(await opening).resume()
      return undefined
    case 'reset':
      await (await opening).reset()
      return undefined
    case 'prune':
      await (await opening).prune()
      return undefined
    case 'changed-by':
      return (await opening).changedBy(request.model, request.entityId)
    case 'add-target':
      await (await opening).addTarget(request.target)
      return undefined
    case 'remove-target':
      await (await opening).removeTarget(request.table)
      return undefined
    case 'first-window':
      return firstWindow(await store, init, request.model, request.query)
  }
}

async function firstWindow(
  store: Store | undefined,
  { indexes }: SyncInit,
  model: string,
  query: Query,
): Promise<readonly StoreRecord[] | undefined> {
  const [table] = tableSpecs([model], indexes)
  return store && table && readFirstWindow(store, table, query)
}

function faultOf(error: unknown): FreshetError {
  return asFreshetError(error, { code: 'torii/worker-failed', kind: 'internal' })
}
