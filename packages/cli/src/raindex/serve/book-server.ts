import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FreshetError, type Clock } from '@freshet/core'
import { isLoopbackHost, isLoopbackOrigin } from '../../demo/loopback.ts'
import { answerBook } from './answer-book.ts'
import { noCounterparty, readCounterparty, zeroAddress } from './read-query.ts'
import { createBookEvents } from './book-events.ts'
import { healthOf } from './book-json.ts'
import { metricsText } from './metrics-text.ts'
import { notHere, sendJson, sendText } from './send.ts'
import { isIn, type BookScope, type ServedBook } from './served-book.ts'

export type BookServerOptions = {
  readonly books: readonly ServedBook[]
  readonly clock: Clock
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  /** Default any. */
  readonly port?: number | undefined
  /** What requests must bear, as `Authorization: Bearer …`. Needed for any host but loopback. */
  readonly token?: string | undefined
}

export type BookServer = {
  /** Such as `http://127.0.0.1:4748`. */
  readonly url: string
  /** Answers what was asked, ends the event streams and closes. */
  close(): Promise<void>
}

const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost']
const mostConnections = 256
const longestUrl = 2_048

/**
 * Answers over HTTP what order books hold and quote, all of it only to be read.
 *
 * `/healthz`, `/metrics`, `/books`, what `answerBook` lists under `/books/ADDRESS`, and `/events`, one stream for all
 * updates.
 *
 * @throws {FreshetError} `serve/token-needed`, `serve/port-taken`.
 */
export async function openBookServer(options: BookServerOptions): Promise<BookServer> {
  const { host = '127.0.0.1', port = 0, token } = options
  const isLocal = loopback.includes(host)
  if (!isLocal && token === undefined) throw tokenNeeded(host)
  const service = createService(options, isLocal)
  const http = createServer((request, response) => void service.answer(request, response))
  http.maxConnections = mostConnections
  http.requestTimeout = 10_000
  await listen(http, host, port)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(http)}`,
    async close() {
      service.close()
      const closed = new Promise((resolve) => http.close(resolve))
      http.closeIdleConnections()
      await closed
    },
  }
}

function createService({ books, clock, token }: BookServerOptions, isLocal: boolean) {
  const ending = new AbortController()
  let requests = 0
  let refused = 0

  const events = createBookEvents(books, clock)
  const health = () => books.map((book) => healthOf(book, clock.now()))

  const route = async (url: URL, response: ServerResponse): Promise<void> => {
    const [first, address, ...path] = url.pathname.split('/').slice(1)
    if (address === undefined) {
      switch (first) {
        case 'healthz': {
          const found = health()
          const isHealthy = found.every((book) => book.isHealthy)
          return sendJson(response, isHealthy ? 200 : 503, {
            status: isHealthy ? 'ok' : 'behind',
            books: found,
          })
        }
        case 'metrics': {
          const quotesEvaluated = books.reduce((sum, { quotes }) => sum + quotes.evaluated, 0)
          const counts = { requests, refused, listeners: events.listeners, quotesEvaluated }
          return sendText(response, 200, metricsText(health(), counts))
        }
        case 'books':
          return sendJson(response, 200, health())
        case 'events': {
          const counterparty = readCounterparty(url.searchParams)
          if (counterparty === undefined) return sendText(response, 400, noCounterparty)
          const who = counterparty === zeroAddress ? undefined : counterparty
          const ids = url.searchParams.getAll('id')
          const scope = readScope(url)
          if (!books.some((book) => isIn(book, scope))) return sendText(response, 404, notHere)
          const why = events.stream(response, { ...scope, counterparty: who, ids })
          if (why !== undefined) sendText(response, 503, why)
          return
        }
        default:
          return sendText(response, 404, notHere)
      }
    }
    const [book, other] = books.filter((known) => isIn(known, { ...readScope(url), orderbook: address }))
    if (first !== 'books' || book === undefined) return sendText(response, 404, notHere)
    if (other !== undefined)
      return sendText(response, 400, 'Several chains have an order book at this address. Add ?chain=N.')
    await answerBook({ book, path, query: url.searchParams, signal: ending.signal, clock }, response)
  }
  const refusalOf = ({
    method,
    headers,
    url = '/',
  }: IncomingMessage): readonly [number, string] | undefined => {
    const { host, origin, authorization } = headers
    if (isLocal && !isLoopbackHost(host)) return [403, 'This host is not served here.']
    if (origin !== undefined && !(isLocal && isLoopbackOrigin(origin)))
      return [403, 'Other origins are not served.']
    if (token !== undefined && !isToken(authorization, token)) return [401, 'Bear the token of this server.']
    if (method !== 'GET') return [405, 'This can only be read.']
    return url.length > longestUrl ? [414, 'The address is too long.'] : undefined
  }
  return {
    async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      response.setHeader('x-content-type-options', 'nosniff')
      requests++
      const refusal = refusalOf(request)
      if (refusal !== undefined) {
        refused++
        return sendText(response, ...refusal)
      }
      try {
        await route(new URL(request.url ?? '/', 'http://localhost'), response)
      } catch (error) {
        const message = error instanceof FreshetError ? error.message : 'This could not be answered.'
        if (response.headersSent) response.destroy()
        else sendText(response, 502, message)
      }
    },
    close(): void {
      events.close()
      ending.abort(new Error('The server closes.'))
    },
  }
}

function readScope({ searchParams }: URL): BookScope {
  const chain = searchParams.get('chain')
  const orderbook = searchParams.get('orderbook') ?? undefined
  return { orderbook, chainId: chain === null ? undefined : Number(chain) }
}

function isToken(authorization: string | undefined, token: string): boolean {
  // Of one length, so that the time it takes tells nothing.
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`))
}

async function listen(http: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  http.once('error', (cause) =>
    reject(
      new FreshetError({
        code: 'serve/port-taken',
        kind: 'usage',
        message: `Nothing can listen at ${host}:${port}: ${cause.message}. Give another --port.`,
        cause,
      }),
    ),
  )
  http.listen(port, host, resolve)
  await promise
}

function portOf(http: Server): number {
  // It listens on a port, not on a pipe.
  return (http.address() as AddressInfo).port
}

function tokenNeeded(host: string): FreshetError {
  const message = `Whoever reaches ${host} could read this. Put a token into FRESHET_TOKEN, or leave --host out.`
  return new FreshetError({ code: 'serve/token-needed', kind: 'usage', message })
}
