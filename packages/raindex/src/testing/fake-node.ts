import { delay, systemClock, type Clock, type Random } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FakeBlock, FakeChain, RpcLog } from './fake-node-chain.ts'

/** How a node misbehaves: chances of each per request, from 0 to 1. */
export type NodeFaults = {
  readonly rateLimit: number
  readonly html: number
  readonly serverError: number
  /** No answer for a minute. */
  readonly stall: number
  /** Leaves out logs of the newest blocks. */
  readonly dropLogs: number
  readonly duplicateLogs: number
  /** Puts in a log nobody asked for, or one that cannot be. */
  readonly lie: number
  /** Is some blocks behind. */
  readonly lag: number
}

export const noNodeFaults: NodeFaults = {
  rateLimit: 0,
  html: 0,
  serverError: 0,
  stall: 0,
  dropLogs: 0,
  duplicateLogs: 0,
  lie: 0,
  lag: 0,
}

export type FakeNodeOptions = {
  readonly chain: FakeChain
  /** Default seed 1. */
  readonly random?: Random | undefined
  readonly clock?: Clock | undefined
  /** Largest range of `eth_getLogs`. Default none. */
  readonly maxRangeBlocks?: number | undefined
  /** Most logs in an answer. Default none. */
  readonly maxLogs?: number | undefined
  /** Whether logs carry the time of their block. Default false. */
  readonly timestamps?: boolean | undefined
  /** How many of the newest blocks `dropLogs` is about. Default 8. */
  readonly fickleBlocks?: number | undefined
}

/** A node of JSON-RPC on a fake chain. */
export type FakeNode = {
  readonly chain: FakeChain
  faults: NodeFaults
  /** Not reachable at all. */
  down: boolean
  /** Answered calls by method. */
  readonly calls: Map<string, number>
  /** Answers as `fetch` would. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
}

type Reply = { readonly status: number; readonly headers: Record<string, string>; readonly text: string }

export function createFakeNode(options: FakeNodeOptions): FakeNode {
  const { chain, random = createSeededRandom(1), clock = systemClock } = options
  const node: FakeNode = {
    chain,
    faults: noNodeFaults,
    down: false,
    calls: new Map(),
    async fetch(_, init) {
      if (node.down) throw new TypeError('fetch failed')
      const { status, headers, text } = await answer(bodyOf(init), init?.signal ?? undefined)
      if (init?.signal?.aborted === true) throw init.signal.reason
      return new Response(text, { status, headers })
    },
  }
  const happens = (chance: number): boolean => chance > 0 && random.next() < chance
  const answer = async (body: string, signal: AbortSignal | undefined): Promise<Reply> => {
    const { faults } = node
    if (happens(faults.stall)) await delay(clock, 60_000, signal)
    if (happens(faults.rateLimit)) {
      if (random.next() < 0.5) return reply(429, 'slow down', { 'Retry-After': '1' })
      return json({ jsonrpc: '2.0', id: null, error: { code: -32_090, message: 'rate limit' } })
    }
    if (happens(faults.serverError)) return reply(502, 'bad gateway')
    if (happens(faults.html))
      return reply(200, '<!doctype html><title>Sign in</title>', { 'Content-Type': 'text/html' })
    const lagBlocks = happens(faults.lag) ? 1 + Math.floor(random.next() * 3) : 0
    // Sent by our own client.
    const request = JSON.parse(body) as Call | Call[]
    const one = (call: Call): unknown => {
      node.calls.set(call.method, (node.calls.get(call.method) ?? 0) + 1)
      return { jsonrpc: '2.0', id: call.id, ...resultOf(options, node, random, lagBlocks, call) }
    }
    return json(Array.isArray(request) ? request.map(one) : one(request))
  }
  return node
}

/** Our client sends text. */
function bodyOf(init: RequestInit | undefined): string {
  return typeof init?.body === 'string' ? init.body : ''
}

type Call = { readonly id: number; readonly method: string; readonly params: readonly unknown[] }
type Result =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }

function resultOf(
  options: FakeNodeOptions,
  { faults }: FakeNode,
  random: Random,
  lagBlocks: number,
  { method, params }: Call,
): Result {
  const { chain } = options
  const [first] = params
  const headNumber = Math.max(chain.firstBlock, (chain.head?.number ?? 0) - lagBlocks)
  switch (method) {
    case 'eth_chainId':
      return { result: hex(chain.chainId) }
    case 'eth_blockNumber':
      return { result: hex(headNumber) }
    case 'eth_getCode':
      return { result: chain.code.get(String(first).toLowerCase() as `0x${string}`) ?? '0x' }
    case 'eth_call':
      return callResult(chain, first as { readonly to: string; readonly data: string })
    case 'eth_getBlockByNumber': {
      const number = first === 'latest' ? headNumber : Number(first)
      return { result: number > headNumber ? null : headerOf(chain.block(number)) }
    }
    case 'eth_getLogs':
      return logsResult(options, faults, random, headNumber, first as LogsParams)
    default:
      return { error: { code: -32_601, message: `the method ${method} does not exist` } }
  }
}

type LogsParams = {
  readonly fromBlock?: string
  readonly toBlock?: string
  readonly blockHash?: string
  readonly address: readonly string[]
  readonly topics: readonly (readonly string[])[]
}

function logsResult(
  options: FakeNodeOptions,
  faults: NodeFaults,
  random: Random,
  headNumber: number,
  params: LogsParams,
): Result {
  const { chain, maxRangeBlocks = Infinity, maxLogs = Infinity, fickleBlocks = 8 } = options
  const byHash = params.blockHash === undefined ? undefined : chain.blockByHash(params.blockHash)
  if (params.blockHash !== undefined && (byHash === undefined || byHash.number > headNumber)) {
    return { error: { code: -32_000, message: 'unknown block' } }
  }
  const [from, to] = byHash
    ? [byHash.number, byHash.number]
    : [Number(params.fromBlock), Math.min(Number(params.toBlock), headNumber)]
  if (to - from + 1 > maxRangeBlocks) {
    return { error: { code: -32_005, message: `block range is limited to ${maxRangeBlocks}` } }
  }
  const topics = new Set(params.topics[0])
  const addresses = new Set(params.address)
  const logs: RpcLog[] = []
  for (let number = from; number <= to; number++) {
    const block = chain.block(number)
    // By hash a node either has a block whole or does not have it.
    const fickle = byHash === undefined && number > headNumber - fickleBlocks
    if (fickle && faults.dropLogs > 0 && random.next() < faults.dropLogs) continue
    for (const log of block?.logs ?? []) {
      if (!addresses.has(log.address) || !topics.has(log.topics[0] ?? '')) continue
      logs.push(
        options.timestamps === true ? { ...log, blockTimestamp: hex(block?.timestamp ?? 0) } : bare(log),
      )
      if (faults.duplicateLogs > 0 && random.next() < faults.duplicateLogs) logs.push(log)
    }
  }
  if (logs.length > maxLogs) {
    return { error: { code: -32_005, message: `query returned more than ${maxLogs} results` } }
  }
  if (faults.lie > 0 && random.next() < faults.lie) return { result: lie(random, logs, to) }
  return { result: logs }
}

function lie(random: Random, logs: readonly RpcLog[], to: number): readonly unknown[] {
  const base = logs[0] ?? {
    address: `0x${'99'.repeat(20)}`,
    topics: [`0x${'12'.repeat(32)}`],
    data: '0x',
    blockNumber: hex(to),
    blockHash: `0x${'ab'.repeat(32)}`,
    transactionHash: `0x${'cd'.repeat(32)}`,
    logIndex: '0x0',
  }
  const lies: readonly unknown[] = [
    { ...base, address: `0x${'66'.repeat(20)}` },
    { ...base, topics: [`0x${'77'.repeat(32)}`] },
    { ...base, blockNumber: '-0x1' },
    { ...base, blockNumber: hex(to + 1_000_000) },
    { ...base, removed: true },
    { ...base, logIndex: null },
    null,
  ]
  return [...logs, lies[Math.floor(random.next() * lies.length)]]
}

function bare(log: RpcLog): RpcLog {
  const { blockTimestamp: _, ...rest } = log
  return rest
}

function headerOf(block: FakeBlock | undefined): unknown {
  if (block === undefined) return null
  const { number, hash, parentHash, timestamp, logsBloom } = block
  return { number: hex(number), hash, parentHash, timestamp: hex(timestamp), logsBloom, transactions: [] }
}

function callResult(chain: FakeChain, { to, data }: { readonly to: string; readonly data: string }): Result {
  const decimals = chain.tokens.get(to.toLowerCase() as `0x${string}`)
  if (data !== '0x313ce567' || decimals === undefined) {
    return { error: { code: 3, message: 'execution reverted' } }
  }
  return { result: `0x${decimals.toString(16).padStart(64, '0')}` }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}

function reply(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return { status, headers, text }
}

function json(value: unknown): Reply {
  return reply(200, JSON.stringify(value), { 'Content-Type': 'application/json' })
}

/** A fake node on loopback. */
export type RunningNode = FakeNode & { readonly url: string; close(): Promise<void> }

/** Starts a fake node as a real HTTP server on a free port of 127.0.0.1. */
export async function startFakeNode(options: FakeNodeOptions): Promise<RunningNode> {
  const node = createFakeNode(options)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const gone = new AbortController()
      response.on('close', () => gone.abort())
      const init = { method: 'POST', body: Buffer.concat(chunks).toString('utf8'), signal: gone.signal }
      node.fetch('http://node', init).then(
        async (answer) => {
          response.writeHead(answer.status, Object.fromEntries(answer.headers))
          response.end(await answer.text())
        },
        // As a node does that dies over a request.
        () => response.destroy(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Listens on a port, so its address is one.
  const { port } = server.address() as AddressInfo
  return Object.assign(node, {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
