import { delay, FreshetError, randomBelow, type Clock, type Random } from '@freshet/core'
import { Surreal, WebSocketEngine, type AuthProvider, type DriverContext, type RpcRequest } from 'surrealdb'
import { aborted, databaseClosed, unreachable } from '../master-errors.ts'
import { isBusy, signInError, surrealToError } from './surreal-errors.ts'

/** Where a SurrealDB server is, and as whom to use which part of it. */
export type SurrealEndpoint = {
  /** Such as `ws://127.0.0.1:8000/rpc`. */
  readonly url: string
  readonly namespace: string
  readonly database: string
  readonly authentication?: AuthProvider | undefined
  /** Default: the platform's own. */
  readonly websocketImpl?: typeof WebSocket | undefined
}

export type SurrealConnectionOptions = {
  /** A server to connect to when needed, or a connected client, whose owner keeps it connected. */
  readonly remote: SurrealEndpoint | Surreal
  readonly clock: Clock
  readonly random: Random
  /** How long connecting, and how long one statement, may take. */
  readonly timeoutMs: number
}

/**
 * A connection that is made when needed and never repeats a statement by itself
 * after a loss: what was under way fails with `table/unreachable`, and whoever
 * sent it decides.
 */
export type SurrealConnection = {
  /** The results of the statements in order. Statements must be safe to repeat: a conflict is retried. */
  run(statements: string, bindings: Record<string, unknown>, signal?: AbortSignal): Promise<unknown[]>
  /** What the task makes of the connected client; rejects as soon as the connection is lost. */
  use<T>(task: (client: Surreal) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Calls the listener at the next loss or at closing; returns how to stop listening. */
  onLost(listener: (error: Error) => void): () => void
  close(): Promise<void>
}

export function createSurrealConnection(options: SurrealConnectionOptions): SurrealConnection {
  const { remote, clock, random, timeoutMs } = options
  const isOwned = !(remote instanceof Surreal)
  const lostListeners = new Set<(error: Error) => void>()
  let connecting: Promise<Surreal> | undefined
  let unsubscribe = (): void => {}
  let closed = false

  const lose = (error: Error): void => {
    const client = connecting
    connecting = undefined
    unsubscribe()
    if (isOwned) client?.then((each) => each.close()).catch(() => {})
    const listeners = [...lostListeners]
    lostListeners.clear()
    for (const listener of listeners) listener(error)
  }
  const onLost = (listener: (error: Error) => void): (() => void) => {
    lostListeners.add(listener)
    return () => lostListeners.delete(listener)
  }
  const connect = async (): Promise<Surreal> => {
    try {
      const client = isOwned ? await connectTo(remote, clock, timeoutMs) : remote
      assertSupported((await client.version()).version)
      return client
    } catch (error) {
      throw surrealToError(error)
    }
  }
  const follow = (client: Surreal): (() => void) => {
    const lost = (): void => lose(unreachable('The connection to SurrealDB was lost.'))
    const subscriptions = [client.subscribe('disconnected', lost), client.subscribe('reconnecting', lost)]
    return () => {
      for (const end of subscriptions) end()
    }
  }
  const connected = (): Promise<Surreal> => {
    if (connecting !== undefined) return connecting
    const attempt = connect()
    connecting = attempt
    attempt.then(
      (client) => {
        if (connecting === attempt) unsubscribe = follow(client)
      },
      () => {
        if (connecting === attempt) connecting = undefined
      },
    )
    return attempt
  }
  const assertConnected = (client: Surreal): void => {
    // The SDK would hold the call until it has reconnected, and send it then, however late.
    if (client.status !== 'connected') throw unreachable('SurrealDB is not connected. Check that it runs.')
  }

  const use: SurrealConnection['use'] = async (task, signal) => {
    if (signal?.aborted === true) throw aborted(signal.reason)
    if (closed) throw databaseClosed()
    const stop = new AbortController()
    const lost = new Promise<never>((_, reject) => {
      const forget = onLost(reject)
      const abort = (): void => reject(aborted(signal?.reason))
      signal?.addEventListener('abort', abort)
      const cancelTimer = clock.schedule(() => {
        const error = unreachable(`SurrealDB did not answer within ${timeoutMs} ms.`)
        reject(error)
        // Whoever does not answer one call will answer none: the others are told now.
        if (isOwned) lose(error)
      }, timeoutMs)
      stop.signal.addEventListener('abort', () => {
        forget()
        cancelTimer()
        signal?.removeEventListener('abort', abort)
      })
    })
    try {
      const work = connected().then((client) => {
        assertConnected(client)
        if (signal?.aborted === true) throw aborted(signal.reason)
        return task(client)
      })
      return await Promise.race([work, lost])
    } catch (error) {
      throw closed ? databaseClosed() : error
    } finally {
      stop.abort()
    }
  }

  return {
    use,
    onLost,
    async run(statements, bindings, signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await use((client) => client.query(statements, bindings).collect(), signal)
        } catch (error) {
          if (!isBusy(error) || attempt === maxAttempts) throw error
          await delay(clock, randomBelow(random, 5 << attempt), signal)
        }
      }
    },
    async close() {
      if (closed) return
      closed = true
      lose(databaseClosed())
    },
  }
}

const maxAttempts = 8

/** Statements are written in the language of SurrealDB 3, which renamed functions of 2. */
function assertSupported(version: string): void {
  const major = Number(/(\d+)\./.exec(version)?.[1])
  if (major === 3) return
  throw new FreshetError({
    code: 'surrealdb/unsupported-version',
    kind: 'remote',
    message: `The server is ${version}; this driver needs SurrealDB 3. Upgrade the server.`,
  })
}

/**
 * A new client, connected or rejected: the SDK alone waits for ever when the
 * first connection fails. It does not reconnect by itself, because it would
 * then send again what may have been executed.
 */
async function connectTo(endpoint: SurrealEndpoint, clock: Clock, timeoutMs: number): Promise<Surreal> {
  let fail: (error: Error) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const engine = (context: DriverContext): WebSocketEngine => {
    const made = new QuietWebSocketEngine(context)
    made.subscribe('error', (error) =>
      fail(unreachable(`SurrealDB cannot be reached at ${endpoint.url}.`, error)),
    )
    made.subscribe('disconnected', () => fail(unreachable(`SurrealDB cannot be reached at ${endpoint.url}.`)))
    return made
  }
  const { namespace, database, authentication, websocketImpl } = endpoint
  const client = new Surreal({
    engines: { ws: engine, wss: engine },
    ...(websocketImpl === undefined ? {} : { websocketImpl }),
  })
  const cancelTimer = clock.schedule(
    () => fail(unreachable(`SurrealDB did not answer at ${endpoint.url} within ${timeoutMs} ms.`)),
    timeoutMs,
  )
  const connection = {
    namespace,
    database,
    reconnect: false,
    ...(authentication === undefined ? {} : { authentication }),
  }
  try {
    await Promise.race([client.connect(endpoint.url, connection), failed])
    return client
  } catch (error) {
    client.close().catch(() => {})
    throw authentication === undefined ? error : signInError(error)
  } finally {
    cancelTimer()
  }
}

/** The SDK's engine, except that a ping cut off by a loss is no unhandled rejection. */
class QuietWebSocketEngine extends WebSocketEngine {
  override send<Method extends string, Params extends unknown[] | undefined, Result>(
    request: RpcRequest<Method, Params>,
  ): Promise<Result> {
    const reply = super.send<Method, Params, Result>(request)
    reply.catch(() => {})
    return reply
  }
}
