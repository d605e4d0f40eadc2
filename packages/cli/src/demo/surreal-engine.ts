import { randomUUID } from 'node:crypto'
import { FreshetError } from '@freshet/core'
import { closedWhenQuiet } from '@freshet/table/surrealdb/embedded'
import { NodeEngine } from '@surrealdb/node'
import { CborCodec, FlatBufferCodec, JsonCodec, Uuid, type ConnectionState, type RpcRequest } from 'surrealdb'

/** An embedded SurrealDB that serves many connections, each with its own sessions. */
export type SurrealEngineHost = {
  /** @param send - Takes the frames for this connection, in order. */
  connect(send: (frame: Uint8Array) => void): EngineConnection
  query(
    scope: { readonly namespace: string; readonly database: string },
    statements: string,
    bindings?: Record<string, unknown>,
  ): Promise<unknown[]>
  close(): Promise<void>
}

type EngineConnection = {
  /** Executes a request frame and sends its reply. Rejects when the frame is no request. */
  receive(frame: Uint8Array): Promise<void>
  /** Ends the connection's sessions and live queries. */
  close(): Promise<void>
}

type Notification = { readonly id: Uuid; readonly action: unknown }

const codec = new CborCodec({})
/** The engine speaks CBOR alone. */
const unused = { json: new JsonCodec({}), flatbuffer: new FlatBufferCodec({}) }

/**
 * Opens a store inside this process.
 *
 * Replies and notifications go to the clients as the very bytes that the engine
 * made, so that nothing is altered on the way.
 *
 * @throws {FreshetError} `surrealdb/open-failed`: locked by another process, or no such folder.
 */
export async function openEngine(storage: string): Promise<SurrealEngineHost> {
  const notifications = createNotificationRouter()
  const engine = closedWhenQuiet(
    new NodeEngine({
      options: {},
      uniqueId: randomUUID,
      codecs: {
        ...unused,
        cbor: {
          encode: (value) => codec.encode(value),
          // The engine gives every frame it makes to this function, notifications too; it only looks for the
          // fields `error` and `id` in what it gets back.
          decode<T>(frame: Uint8Array): T {
            notifications.offer(frame)
            return { frame } as T
          },
        },
      },
    }),
  )
  await opened(engine, storage)
  const execute: Execute = async (request) => {
    const { frame } = await engine.send<string, unknown[] | undefined, { readonly frame: Uint8Array }>(
      request,
    )
    return readReply(frame)
  }

  return {
    connect: (send) => createConnection(execute, notifications, send),
    async query({ namespace, database }, statements, bindings = {}) {
      const session = new Uuid(randomUUID())
      await execute({ method: 'attach', session })
      try {
        await execute({ method: 'use', params: [namespace, database], session })
        return resultsOf(await execute({ method: 'query', params: [statements, bindings], session }))
      } finally {
        await execute({ method: 'detach', session })
      }
    },
    close: () => engine.close(),
  }
}

type Execute = (request: RpcRequest) => Promise<Reply>

/** What the engine answers: the bytes, and what they say. */
type Reply = { readonly frame: Uint8Array; readonly error: string | undefined; readonly result: unknown }

function readReply(frame: Uint8Array): Reply {
  const content: unknown = codec.decode(frame)
  if (typeof content === 'object' && content !== null && 'error' in content) {
    const { error } = content
    const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
    return { frame, error: String(message), result: undefined }
  }
  return { frame, error: undefined, result: content }
}

function createConnection(
  execute: Execute,
  notifications: NotificationRouter,
  send: (frame: Uint8Array) => void,
): EngineConnection {
  const root = new Uuid(randomUUID())
  const sessions = new Map([[root.toString(), root]])
  const liveQueries = new Map<string, Uuid>()
  const attached = execute({ method: 'attach', session: root })
  // Whoever sends a request is told; a connection that sends none need not know.
  attached.catch(() => undefined)

  const follow = (reply: Reply): void => {
    for (const id of liveIdsOf(reply.result)) {
      liveQueries.set(id.toString(), id)
      notifications.route(id.toString(), (frame) => send(notificationFrame(frame)))
    }
  }
  return {
    async receive(frame) {
      const request = requestOf(frame)
      await attached
      const { id, method, session = root } = request
      const key = session.toString()
      if (method === 'sessions') return send(codec.encode({ id, result: [...sessions.values()] }))
      if (method !== 'attach' && !sessions.has(key)) return send(codec.encode({ id, error: foreignSession }))
      const reply = await execute({ ...request, session })
      if (method === 'attach' && reply.error === undefined) sessions.set(key, session)
      if (method === 'detach') sessions.delete(key)
      // The reply first: the client subscribes to a live query when it knows the id.
      send(replyFrame(id, reply))
      follow(reply)
    },
    async close() {
      await attached
      for (const [key, id] of liveQueries) {
        notifications.forget(key)
        await execute({ method: 'kill', params: [id], session: root }).catch(() => undefined)
      }
      for (const session of sessions.values())
        await execute({ method: 'detach', session }).catch(() => undefined)
    },
  }
}

const foreignSession = { code: -32_000, message: 'The session does not belong to this connection.' }

type Request = RpcRequest & { readonly id?: unknown; readonly session?: Uuid | undefined }

function requestOf(frame: Uint8Array): Request {
  const request: unknown = codec.decode(frame)
  if (typeof request === 'object' && request !== null && 'method' in request) {
    const { session } = request as { readonly session?: unknown }
    if (session === undefined || session instanceof Uuid) {
      // It has a method, and the engine refuses parameters that do not fit it.
      return request as Request
    }
  }
  throw new TypeError('The frame is no request.')
}

type NotificationRouter = {
  /** Takes a frame; one that is no notification is let pass. */
  offer(frame: Uint8Array): void
  route(liveId: string, deliver: (frame: Uint8Array) => void): void
  forget(liveId: string): void
}

/** Live queries whose first notifications are kept while the reply that names them is on its way. */
const maxUnrouted = 1000

/** Brings notifications to whoever asked for them, also those that overtake the reply to the asking. */
function createNotificationRouter(): NotificationRouter {
  const routes = new Map<string, (frame: Uint8Array) => void>()
  const unrouted = new Map<string, Uint8Array[]>()
  return {
    offer(frame) {
      const id = notificationOf(frame)?.id.toString()
      if (id === undefined) return
      const deliver = routes.get(id)
      if (deliver !== undefined) return deliver(frame)
      const waiting = unrouted.get(id) ?? []
      unrouted.set(id, waiting)
      waiting.push(frame)
      const [oldest] = unrouted.keys()
      if (unrouted.size > maxUnrouted && oldest !== undefined) unrouted.delete(oldest)
    },
    route(liveId, deliver) {
      routes.set(liveId, deliver)
      for (const frame of unrouted.get(liveId) ?? []) deliver(frame)
      unrouted.delete(liveId)
    },
    forget: (liveId) => routes.delete(liveId),
  }
}

function notificationOf(frame: Uint8Array): Notification | undefined {
  const content: unknown = codec.decode(frame)
  if (typeof content !== 'object' || content === null || !('action' in content) || !('id' in content))
    return undefined
  return content.id instanceof Uuid ? { id: content.id, action: content.action } : undefined
}

// Frames are put together from the engine's own bytes: a CBOR map of n fields is the byte 0xa0 + n and then
// each name and value in turn (RFC 8949, section 3.1). The engine's error frame is such a map already.

function replyFrame(id: unknown, { frame, error }: Reply): Uint8Array {
  const head = [0xa2, ...codec.encode('id'), ...codec.encode(id)]
  return error === undefined
    ? Buffer.concat([Uint8Array.from([...head, ...codec.encode('result')]), frame])
    : Buffer.concat([Uint8Array.from(head), frame.subarray(1)])
}

function notificationFrame(notification: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([0xa1, ...codec.encode('result')]), notification])
}

/** Ids of the live queries that a result of statements says were begun. */
function liveIdsOf(result: unknown): readonly Uuid[] {
  if (!Array.isArray(result)) return []
  return result.flatMap((each: unknown) => {
    const isLive = typeof each === 'object' && each !== null && 'type' in each && each.type === 'live'
    return isLive && 'result' in each && each.result instanceof Uuid ? [each.result] : []
  })
}

/** @throws {FreshetError} `demo/query-failed`: what the first failed statement says. */
function resultsOf({ result, error }: Reply): unknown[] {
  if (error !== undefined || !Array.isArray(result)) throw queryFailed(error ?? 'no result')
  return result.map((each: { readonly status?: unknown; readonly result?: unknown }) => {
    if (each.status !== 'OK') throw queryFailed(String(each.result))
    return each.result
  })
}

function queryFailed(message: string): FreshetError {
  return new FreshetError({ code: 'demo/query-failed', kind: 'remote', message: `SurrealDB: ${message}` })
}

async function opened(engine: NodeEngine, storage: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    engine.subscribe('connected', () => resolve())
    engine.subscribe('error', (cause) =>
      reject(
        new FreshetError({
          code: 'surrealdb/open-failed',
          kind: 'storage',
          message: `The SurrealDB store ${storage} could not be opened; another process may have it open.`,
          cause,
        }),
      ),
    )
    // The embedded engine reads nothing else of the state.
    engine.open({ url: new URL(storage) } as ConnectionState)
  })
}
