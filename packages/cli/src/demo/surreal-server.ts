import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { FreshetError } from '@freshet/core'
import { WebSocketServer, type WebSocket } from 'ws'
import { openEngine, type SurrealEngineHost } from './surreal-engine.ts'
import { isLoopbackHost, isLoopbackOrigin } from './loopback.ts'

export type SurrealServerOptions = {
  /** Default 0: any free port, the same after each `start`. */
  readonly port?: number | undefined
  /** Where the data is kept, such as `surrealkv:///path`. Default `mem://`: gone with the process. */
  readonly storage?: string | undefined
}

/**
 * A SurrealDB on a loopback WebSocket, for demos and tests.
 *
 * The stock SDK talks to it as to a SurrealDB server. It asks for no password
 * and therefore listens on 127.0.0.1 alone, and turns away pages of other
 * origins and requests that name another host.
 */
export type SurrealServer = {
  /** Such as `ws://127.0.0.1:41234/rpc`. */
  readonly url: string
  isListening(): boolean
  /** Drops every connection and accepts none until `start`. The data stays. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Runs statements beside the listener, also while it is stopped; the results in order. */
  query(scope: SurrealScope, statements: string, bindings?: Record<string, unknown>): Promise<unknown[]>
  /** Stops, and closes the store. */
  close(): Promise<void>
}

export type SurrealScope = { readonly namespace: string; readonly database: string }

/**
 * Opens the store and listens.
 *
 * @throws {FreshetError} `surrealdb/open-failed`, or `demo/port-in-use` (pass another port, or 0).
 */
export async function startSurrealServer(options: SurrealServerOptions = {}): Promise<SurrealServer> {
  const engine = await openEngine(options.storage ?? 'mem://')
  let port = options.port ?? 0
  let listener: Listener | undefined

  const start = async (): Promise<void> => {
    if (listener !== undefined) return
    listener = await listen(port, engine)
    port = listener.port
  }
  const stop = async (): Promise<void> => {
    const stopping = listener
    listener = undefined
    await stopping?.close()
  }
  await start().catch(async (error: unknown) => {
    await engine.close()
    throw error
  })

  return {
    url: `ws://127.0.0.1:${port}/rpc`,
    isListening: () => listener !== undefined,
    start,
    stop,
    query: (scope, statements, bindings) => engine.query(scope, statements, bindings),
    async close() {
      await stop()
      await engine.close()
    },
  }
}

type Listener = { readonly port: number; close(): Promise<void> }

/** Requests and replies larger than this are refused, and a client that far behind is dropped. */
const maxMessageBytes = 64 * 1024 * 1024

async function listen(port: number, engine: SurrealEngineHost): Promise<Listener> {
  const http = createServer((_, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' }).end('This is a SurrealDB WebSocket at /rpc.\n')
  })
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    handleProtocols: (protocols) => (protocols.has('cbor') ? 'cbor' : false),
  })
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = refusalOf(request)
    if (refusal !== undefined) return socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`)
    sockets.handleUpgrade(request, socket, head, (accepted) => serve(accepted, engine))
  })
  await listening(http, port)
  return {
    port: portOf(http),
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** Why an upgrade is refused, as an HTTP status; `undefined` when it is not. */
function refusalOf({ url, headers }: IncomingMessage): string | undefined {
  // A page of another site could otherwise read the database through a name that resolves to loopback.
  if (!isLoopbackHost(headers.host)) return '403 Forbidden'
  if (headers.origin !== undefined && !isLoopbackOrigin(headers.origin)) return '403 Forbidden'
  if (url !== '/rpc') return '404 Not Found'
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  return protocols.includes('cbor') ? undefined : '400 Bad Request'
}

function serve(socket: WebSocket, engine: SurrealEngineHost): void {
  const send = (bytes: Uint8Array): void => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > maxMessageBytes) socket.terminate()
    else socket.send(bytes)
  }
  const connection = engine.connect(send)
  socket.on('message', (data: Buffer) => {
    connection.receive(data).catch(() => socket.terminate())
  })
  // A close follows each error.
  socket.on('error', () => {})
  socket.on('close', () => {
    connection.close().catch(() => undefined)
  })
}

async function listening(http: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portInUse(port, error) : error)
    })
    http.listen(port, '127.0.0.1', () => resolve())
  })
}

function portOf(http: Server): number {
  // A server listening on TCP has such an address.
  return (http.address() as AddressInfo).port
}

function portInUse(port: number, cause: unknown): FreshetError {
  return new FreshetError({
    code: 'demo/port-in-use',
    kind: 'usage',
    message: `Port ${port} of 127.0.0.1 is in use. Pass another one, or 0 for any free one.`,
    cause,
  })
}
