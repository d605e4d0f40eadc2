import type { Clock } from '@freshet/core'
import { sendRpc } from '#send-rpc'
import { createBodyReader } from './read-body.ts'
import type { ReadInPlace } from './read-log-page.ts'
import { repliesInPlace } from './rpc-reply.ts'
import { faultOfReply, faultOfStatus, RpcFault } from './rpc-fault.ts'
import { sendOverFetch, type RpcFetch } from './send-over-fetch.ts'

/** One call of JSON-RPC. */
export type RpcCall = {
  readonly method: string
  readonly params: readonly unknown[]
  /** Reads a list from the bytes of the answer where it can; else the result is what JSON says. */
  readonly readInPlace?: ReadInPlace | undefined
}

export type RpcNodeOptions = {
  readonly url: string
  /** Default the platform's HTTP client. */
  readonly fetch?: RpcFetch | undefined
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  readonly clock: Clock
}

/** One node, asked over HTTP. */
export type RpcNode = {
  /** Its host; the rest of the address may be a secret. */
  readonly name: string
  /**
   * Sends calls as one request.
   *
   * @returns the results in the order of the calls.
   * @throws {RpcFault} for the first of them that failed, or for all.
   */
  request(calls: readonly RpcCall[], signal: AbortSignal): Promise<readonly unknown[]>
}

export function createRpcNode(options: RpcNodeOptions): RpcNode {
  const { url, fetch, timeoutMs, maxAnswerBytes, clock } = options
  const { address, headers } = addressOf(url)
  const bodies = createBodyReader(maxAnswerBytes)
  const send = fetch === undefined ? sendRpc : sendOverFetch(fetch)
  let lastId = 0
  /** Times what takes too long, and ends with whoever asks. */
  const exchange = async <T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const controller = new AbortController()
    const abort = (): void => controller.abort(outer.reason)
    outer.addEventListener('abort', abort)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      controller.abort()
    }, timeoutMs)
    try {
      return await work(controller.signal)
    } catch (error) {
      outer.throwIfAborted()
      if (isLate) throw new RpcFault('timeout', 'The node has not answered in time.', { cause: error })
      throw toFault(error)
    } finally {
      clearTimeout(timer)
      outer.removeEventListener('abort', abort)
      // A fetch whose time is over does not go on behind it.
      controller.abort()
    }
  }
  return {
    name: hostOf(url),
    async request(calls, outer) {
      outer.throwIfAborted()
      const sent = calls.map(({ method, params }) => ({ jsonrpc: '2.0', id: ++lastId, method, params }))
      const readInPlace = calls.find((call) => call.readInPlace !== undefined)?.readInPlace
      const body = JSON.stringify(sent.length === 1 ? sent[0] : sent)
      return exchange(outer, async (signal) => {
        const answer = await send({ url: address, headers, body, signal })
        const isOk = answer.status >= 200 && answer.status < 300
        const reply = await bodies.read(
          answer,
          (text) => (readInPlace && repliesInPlace(text, readInPlace)) ?? parseReply(text, isOk),
        )
        if (isOk || isError(reply)) return readReply(sent, reply)
        throw faultOfStatus(answer.status, answer.header('Retry-After'), clock.now())
      })
    },
  }
}

/** Where a request goes: a name and a password in the address are sent as nodes expect them. */
function addressOf(url: string): { readonly address: string; readonly headers: Record<string, string> } {
  const headers = { 'Content-Type': 'application/json' }
  if (!URL.canParse(url)) return { address: url, headers }
  const parsed = new URL(url)
  if (parsed.username === '') return { address: parsed.toString(), headers }
  const secret = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
  parsed.username = ''
  parsed.password = ''
  return { address: parsed.toString(), headers: { ...headers, Authorization: `Basic ${btoa(secret)}` } }
}

/** What is no JSON is none of a node that says it is well. */
function parseReply(text: Uint8Array, isOk: boolean): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text))
  } catch (error) {
    if (isOk) throw error
    return undefined
  }
}

/** Whether a reply with a bad status says what is wrong itself. */
function isError(reply: unknown): boolean {
  const error = isRecord(reply) ? reply['error'] : undefined
  return isRecord(error) && typeof error['code'] === 'number' && typeof error['message'] === 'string'
}

type SentCall = { readonly id: number; readonly method: string }

function readReply(sent: readonly SentCall[], reply: unknown): readonly unknown[] {
  // A node that refuses a whole batch answers with one error.
  const replies: readonly unknown[] = Array.isArray(reply) ? reply : [reply]
  const byId = new Map<unknown, Readonly<Record<string, unknown>>>()
  for (const item of replies) if (isRecord(item)) byId.set(item['id'], item)
  return sent.map(({ id, method }) => {
    const item =
      byId.get(id) ?? (sent.length === 1 || replies.length === 1 ? firstRecord(replies) : undefined)
    if (item === undefined) throw new RpcFault('transport', `The node left ${method} without an answer.`)
    const { error } = item
    if (isRecord(error)) {
      throw faultOfReply(method, Number(error['code']), String(error['message']), error['data'])
    }
    if (!('result' in item) || item['id'] !== id) {
      throw new RpcFault('transport', `The node's answer to ${method} is no JSON-RPC.`)
    }
    return item['result']
  })
}

function toFault(error: unknown): RpcFault {
  if (error instanceof RpcFault) return error
  const what = error instanceof SyntaxError ? 'is no JSON' : 'did not come'
  return new RpcFault('transport', `The node's answer ${what}. Check its address and the network.`, {
    cause: error,
  })
}

function firstRecord(items: readonly unknown[]): Readonly<Record<string, unknown>> | undefined {
  return items.find(isRecord)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'node'
}
