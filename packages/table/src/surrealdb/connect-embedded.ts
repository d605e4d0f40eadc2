import { createNodeEngines } from '@surrealdb/node'
import { RpcEngine, Surreal, type DriverContext, type EngineFactory, type SurrealEngine } from 'surrealdb'
import { FreshetError } from '@freshet/core'
import { closedWhenQuiet } from './closed-when-quiet.ts'

export type EmbeddedOptions = {
  readonly namespace: string
  readonly database: string
}

/**
 * A client of a SurrealDB that runs inside this process. Close it to release the
 * store, which it does a moment after closing.
 *
 * Needs the package `@surrealdb/node`; Node only.
 *
 * @param url - `mem://`, `surrealkv:///path` or `rocksdb:///path`. One process may open a path at a time.
 * @throws {FreshetError} `surrealdb/open-failed` (kind `storage`): locked by another process, or no such
 *   folder. The SDK alone would wait for ever.
 */
export async function connectEmbedded(url: string, options: EmbeddedOptions): Promise<Surreal> {
  let fail: (error: Error) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const factories = Object.entries(createNodeEngines())
  const engines = Object.fromEntries(
    factories.map(([scheme, create]): [string, EngineFactory] => [
      scheme,
      (context) => watched(create, context, fail),
    ]),
  )
  const client = new Surreal({ engines })
  try {
    await Promise.race([client.connect(url, { ...options, reconnect: false }), failed])
    return client
  } catch (error) {
    throw openFailed(error)
  }
}

function watched(create: EngineFactory, context: DriverContext, fail: (error: Error) => void): SurrealEngine {
  const engine = create(context)
  engine.subscribe('error', fail)
  return engine instanceof RpcEngine ? closedWhenQuiet(engine) : engine
}

function openFailed(error: unknown): FreshetError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const reason = cause instanceof Error ? cause.message : String(cause)
  const isLocked = /lock/i.test(reason)
  return new FreshetError({
    code: isLocked ? 'surrealdb/locked' : 'surrealdb/open-failed',
    kind: 'storage',
    retryable: isLocked,
    message: isLocked
      ? 'The SurrealDB store is open in another process. Close it there, or use another path.'
      : `The SurrealDB store could not be opened: ${reason}. Check the path.`,
    cause: error,
  })
}
