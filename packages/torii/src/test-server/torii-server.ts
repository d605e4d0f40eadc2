import { gunzipSync, gzipSync } from 'node:zlib'
import { delay, type Clock, type Random } from '@freshet/core'
import { decode } from '../wire/codec.ts'
import { frame, trailersFrame } from '../wire/frames.ts'
import type { Fetch } from '../wire/grpc-web.ts'
import { retrieveEntitiesRequest, subscribeEntitiesRequest } from '../wire/messages.ts'
import { worldContract, entitiesAnswer, pushAnswer, StatusError, worldsAnswer } from './server-answers.ts'
import { recordPush, recordsAnswer } from './record-answers.ts'
import { noServerFaults, type ServerFaults } from './server-faults.ts'
import { openServerStream, type ServerStream } from './server-stream.ts'
import { createToriiWorld, type ToriiWorld } from './torii-world.ts'

/** A Torii to test against: the real wire, a world in SQLite, and faults on demand. */
export type ToriiServer = {
  readonly world: ToriiWorld
  /** Answers as the network would; `listenTorii` puts it behind a port. */
  readonly fetch: Fetch
  /** Subscriptions that are open. */
  readonly openStreams: number
  /** Calls answered so far, by name. */
  readonly calls: ReadonlyMap<string, number>
  setFaults(faults: ServerFaults): void
  /** While out, nothing answers and all streams are reset. */
  setOutage(out: boolean): void
  /** Ends all streams: with status 0, with a reset, or by saying nothing any more. */
  cut(how: 'clean' | 'reset' | 'silent'): void
  setVersion(version: string): void
  /** Whether `/sql` answers. Default true. */
  setSql(allowed: boolean): void
  /** Calls that this server does not know, by name. */
  setUnknown(calls: readonly string[]): void
  close(): void
}

export type ToriiServerOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly address?: string | undefined
  /** Default `1.8.16 (fe3ed0f)`. */
  readonly version?: string | undefined
  /** Default 16 MiB. */
  readonly maxMessageBytes?: number | undefined
}

/** Makes a server without a port. */
export function createToriiServer(options: ToriiServerOptions): ToriiServer {
  const { clock, random, maxMessageBytes = 16 * 2 ** 20 } = options
  const world = createToriiWorld(options)
  const streams = new Set<ServerStream>()
  const calls = new Map<string, number>()
  let faults = noServerFaults
  let outage = false
  let sqlAllowed = true
  let unknown: readonly string[] = []
  let version = options.version ?? '1.8.16 (fe3ed0f)'
  let subscriptions = 0n

  const openStream = (signal: AbortSignal, follow: (stream: ServerStream) => () => void): Response => {
    const stream = openServerStream({
      clock,
      random,
      signal,
      faults: () => faults,
      onClosed(closed) {
        streams.delete(closed)
        unfollow()
      },
    })
    let unfollow = (): void => {}
    streams.add(stream)
    unfollow = follow(stream)
    return grpcResponse(stream.body)
  }
  const subscribeEntities = (
    body: Uint8Array,
    signal: AbortSignal,
    onChange: ToriiWorld['onChange'],
  ): Response => {
    const { clause } = decode(subscribeEntitiesRequest, body, 'A request')
    const models = new Set(clause?.keys?.models ?? [])
    subscriptions += 1n
    const id = subscriptions
    return openStream(signal, (stream) => {
      stream.send(pushAnswer(world, undefined, id))
      return onChange((change) => {
        if (models.size === 0 || models.has(change.tag)) stream.send(pushAnswer(world, change, id))
      })
    })
  }
  const subscribeContracts = (signal: AbortSignal): Response =>
    openStream(signal, (stream) => {
      const tell = (): void => stream.send(recordPush.contracts(worldContract(world, clock.now())))
      tell()
      for (const [, row] of world.records.all('contracts')) stream.send(recordPush.contracts(row))
      const stops = [
        world.onHead(tell),
        world.records.onChange((change) => {
          if (change.kind === 'contracts') stream.send(recordPush.contracts(change.row))
        }),
      ]
      return () => stops.forEach((stop) => stop())
    })
  const subscribeRecords = (
    kind: 'tokens' | 'tokenBalances' | 'transactions',
    signal: AbortSignal,
  ): Response =>
    openStream(signal, (stream) => {
      stream.send(recordPush[kind]())
      return world.records.onChange((change) => {
        if (change.kind !== kind) return
        if (change.kind === 'tokens') stream.send(recordPush.tokens(change.row))
        if (change.kind === 'tokenBalances') stream.send(recordPush.tokenBalances(change.row))
        if (change.kind === 'transactions') stream.send(recordPush.transactions(change.row))
      })
    })

  const answer = (path: string, body: Uint8Array, packed: boolean, signal: AbortSignal): Response => {
    try {
      const rpc = path.slice('/world.World/'.length)
      if (unknown.includes(rpc)) return grpcResponse(trailersFrame(12, 'Unimplemented'))
      const records = recordsAnswer(rpc, body, world.records, worldContract(world, clock.now()))
      if (records) return unary(records, packed)
      switch (path) {
        case '/world.World/Worlds':
          return unary(worldsAnswer(world), packed)
        case '/world.World/RetrieveEntities': {
          const { query } = decode(retrieveEntitiesRequest, body, 'A request')
          return unary(entitiesAnswer(world, query, maxMessageBytes), packed)
        }
        case '/world.World/RetrieveEventMessages': {
          const { query } = decode(retrieveEntitiesRequest, body, 'A request')
          return unary(entitiesAnswer(world, query, maxMessageBytes, world.eventMessages), packed)
        }
        case '/world.World/SubscribeEntities':
          return subscribeEntities(body, signal, world.onChange)
        case '/world.World/SubscribeEventMessages':
          return subscribeEntities(body, signal, world.onEvent)
        case '/world.World/SubscribeTokens':
          return subscribeRecords('tokens', signal)
        case '/world.World/SubscribeTokenBalances':
          return subscribeRecords('tokenBalances', signal)
        case '/world.World/SubscribeTransactions':
          return subscribeRecords('transactions', signal)
        case '/world.World/SubscribeContracts':
          return subscribeContracts(signal)
        default:
          return grpcResponse(trailersFrame(12, 'Unimplemented'))
      }
    } catch (error) {
      const status = error instanceof StatusError ? error.status : 13
      return grpcResponse(trailersFrame(status, error instanceof Error ? error.message : String(error)))
    }
  }
  const sqlAnswer = (statement: string): Response => {
    if (!sqlAllowed) return new Response('SQL endpoint is disabled.', { status: 403 })
    try {
      return Response.json(world.database.sql(statement))
    } catch (error) {
      return new Response(`Query error: ${String(error)}`, { status: 400 })
    }
  }
  const serve: Fetch = async (url, { headers = {}, body, signal }) => {
    const { pathname, searchParams } = new URL(url)
    calls.set(pathname, (calls.get(pathname) ?? 0) + 1)
    if (pathname === '/sql') return sqlAnswer(searchParams.get('query') ?? searchParams.get('q') ?? '')
    if (!isGrpc({ headers })) return Response.json({ service: 'torii', version, success: true })
    const packed = headers['grpc-accept-encoding']?.includes('gzip') === true
    return answer(pathname, messageOf(body ?? frame(new Uint8Array(0))), packed, signal)
  }
  /** The request is read somewhere between sending and arrival of the answer. */
  const latency = (signal: AbortSignal): Promise<void> =>
    faults.maxLatencyMs === 0 ? Promise.resolve() : delay(clock, random.next() * faults.maxLatencyMs, signal)
  const fetch: Fetch = async (url, init) => {
    await latency(init.signal)
    init.signal.throwIfAborted()
    const failure = outage ? 'reset' : failureOf(faults, random)
    if (failure === 'reset') throw new TypeError('fetch failed')
    if (failure === 'gateway') return new Response(null, { status: random.next() < 0.5 ? 502 : 504 })
    if (failure === 'storage' && isGrpc(init)) return grpcResponse(trailersFrame(13, 'database is locked'))
    if (failure === 'storage') return new Response(null, { status: 500 })
    const response = await serve(url, init)
    await latency(init.signal)
    init.signal.throwIfAborted()
    if (outage) throw new TypeError('fetch failed')
    return response
  }

  return {
    world,
    fetch,
    get openStreams() {
      return streams.size
    },
    calls,
    setFaults(next) {
      faults = next
    },
    setOutage(out) {
      outage = out
      if (out) for (const stream of [...streams]) stream.reset()
    },
    cut(how) {
      for (const stream of [...streams]) {
        if (how === 'clean') stream.end()
        else if (how === 'reset') stream.reset()
        else stream.silence()
      }
    },
    setVersion: (next) => void (version = next),
    setUnknown: (next) => void (unknown = next),
    setSql: (allowed) => void (sqlAllowed = allowed),
    close() {
      for (const stream of [...streams]) stream.end()
      world.close()
    },
  }
}

function failureOf(
  { failedRequest }: ServerFaults,
  random: Random,
): 'reset' | 'gateway' | 'storage' | undefined {
  if (failedRequest === 0 || random.next() >= failedRequest) return undefined
  return (['reset', 'gateway', 'storage'] as const)[Math.floor(random.next() * 3)]
}

function isGrpc({ headers = {} }: Pick<Parameters<Fetch>[1], 'headers'>): boolean {
  return headers['content-type']?.startsWith('application/grpc') === true
}

/** The message of a request; the official clients pack theirs. */
function messageOf(body: Uint8Array): Uint8Array {
  const message = body.subarray(5)
  return body[0] === 1 ? gunzipSync(message, { maxOutputLength: 2 ** 24 }) : message
}

/** Messages that are worth packing. */
const packFromBytes = 1_000

function unary(message: Uint8Array, packed: boolean): Response {
  const pack = packed && message.length >= packFromBytes
  const first = frame(pack ? gzipSync(message, { level: 1 }) : message)
  if (pack) first[0] = 1
  const last = trailersFrame(0)
  const body = new Uint8Array(first.length + last.length)
  body.set(first)
  body.set(last, first.length)
  return grpcResponse(body, pack)
}

function grpcResponse(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>,
  packed = false,
): Response {
  const headers = { 'content-type': 'application/grpc-web+proto', ...(packed && { 'grpc-encoding': 'gzip' }) }
  return new Response(body, { headers })
}
