import { join } from 'node:path'
import { FreshetError } from '@freshet/core'
import { makeCacheFolder, openSqliteStore } from '@freshet/storage/sqlite'
import {
  createReactiveClient,
  createToriiClient,
  manifestOfWorld,
  type IndexedWorld,
  type ReactiveClient,
  type ReactiveToriiClient,
} from '@freshet/torii'
import type { Io } from '../io.ts'
import { badCall } from '../parse-call.ts'
import type { ToriiCall } from './torii-command.ts'

/** How long the server may take to say what it indexes. */
const firstAnswerMs = 15_000

export type FoundWorld = { readonly torii: ReactiveToriiClient; readonly world: IndexedWorld }

/** Asks a Torii for its world; of several the first. */
export async function findWorld({ toriiUrl }: ToriiCall): Promise<FoundWorld> {
  const torii = createToriiClient({ toriiUrl })
  const [world] = await inTime(toriiUrl, (signal) => torii.worlds(signal))
  if (world) return { torii, world }
  throw new FreshetError({
    code: 'torii/unknown-world',
    kind: 'remote',
    message: `The Torii at ${toriiUrl} indexes no world yet. Try again when it does.`,
  })
}

/**
 * What a Torii answers, unless it takes too long.
 *
 * @throws {FreshetError} `torii/silent`, and what the work rejects with.
 */
export async function inTime<T>(toriiUrl: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(firstAnswerMs)
  try {
    return await ask(signal)
  } catch (error) {
    if (!signal.aborted) throw error
    throw new FreshetError({
      code: 'torii/silent',
      kind: 'remote',
      retryable: true,
      message: `The Torii at ${toriiUrl} has not answered within ${firstAnswerMs / 1_000} s. Check that it runs.`,
      cause: error,
    })
  }
}

/**
 * Opens the replica of some models, on disk with `--cache`.
 *
 * @param models - Tags; all when there is none.
 */
export async function openWorld(
  call: ToriiCall,
  { torii, world }: FoundWorld,
  models: readonly string[],
): Promise<ReactiveClient> {
  const known = world.models.map(({ tag }) => tag)
  const unknown = models.filter((tag) => !known.includes(tag))
  if (unknown.length > 0)
    throw badCall(`There is no model ${unknown.join(', ')}. This world has ${known.join(', ')}.`)
  const { cache } = call.options
  if (cache !== undefined) await makeCacheFolder(cache)
  return createReactiveClient({
    toriiUrl: call.toriiUrl,
    client: torii,
    clock: call.io.clock,
    manifest: manifestOfWorld(world),
    models: models.length > 0 ? models : known,
    ...(cache !== undefined && {
      storageFactory: (tables) => openSqliteStore({ path: join(cache, `${world.address}.db`), tables }),
    }),
  })
}

/** Resolves once everything is here as the server has it now. */
export async function whenLive(client: ReactiveClient, io: Io, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    const { state, lagMs } = client.getSyncStatus().overall
    if (state === 'streaming' && lagMs === 0) resolve()
  }
  const stopTicks = client.syncStatus.subscribe(look)
  const stopErrors = client.errors.subscribe((error) => {
    if (error.name === 'SchemaMismatchError') readAgain(client, io).catch(reject)
    // What is only told goes on.
    else if (error.name === 'SyncFatalError') reject(error)
  })
  signal.addEventListener('abort', () => resolve(), { once: true })
  look()
  try {
    await promise
  } finally {
    stopTicks()
    stopErrors()
  }
}

/** The cache is a copy and nothing else: where the world was upgraded since, there is nobody to ask. */
export async function readAgain(client: ReactiveClient, { err }: Pick<Io, 'err'>): Promise<void> {
  err('The world was upgraded since it was cached; it is read again.')
  await client.reset()
}
