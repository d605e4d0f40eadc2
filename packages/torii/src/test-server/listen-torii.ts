import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ToriiServer } from './torii-server.ts'

/** Puts a test server behind a port of this machine; any origin may call it. */
export async function listenTorii(
  server: ToriiServer,
  port = 0,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const http = createServer((request, response) => {
    answer(server, request, response).catch(() => response.destroy())
  })
  // As long as clients may take between two calls: one that is closed under them looks like a server that is gone.
  http.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => http.once('error', reject).listen(port, '127.0.0.1', resolve))
  // A server on a port has such an address.
  const { port: chosen } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${chosen}`,
    async close() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()))
      http.closeAllConnections()
      await closed
    },
  }
}

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type, x-grpc-web, grpc-accept-encoding',
  'access-control-expose-headers': 'grpc-status, grpc-message, grpc-encoding',
}

async function answer(
  server: ToriiServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const leaving = new AbortController()
  response.once('close', () => leaving.abort())
  if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end()
  const chunks: Uint8Array[] = []
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk)
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
  const answered = await server.fetch(`http://torii${request.url ?? '/'}`, {
    method: request.method ?? 'GET',
    headers,
    body: Uint8Array.from(Buffer.concat(chunks)),
    signal: leaving.signal,
  })
  response.writeHead(answered.status, { ...Object.fromEntries(answered.headers), ...cors })
  response.flushHeaders()
  for await (const chunk of answered.body ?? []) {
    if (!response.write(chunk))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
    if (leaving.signal.aborted) return
  }
  response.end()
}
