import type { Clock } from '@freshet/core'
import { HttpRequestError, ResponseBodyTooLargeError, TimeoutError } from 'viem'
import { getHttpRpcClient } from 'viem/utils'
import { faultOfReply, faultOfStatus, RpcFault } from './rpc-fault.ts'

/** One call of JSON-RPC. */
export type RpcCall = { readonly method: string; readonly params: readonly unknown[] }

export type RpcFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export type RpcNodeOptions = {
  readonly url: string
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
  const client = getHttpRpcClient(url, {
    fetchFn: fetch,
    timeout: timeoutMs,
    maxResponseBodySize: maxAnswerBytes,
  })
  let lastId = 0
  return {
    name: hostOf(url),
    async request(calls, outer) {
      outer.throwIfAborted()
      // Ends with the request, so that a fetch whose time is over does not go on behind it.
      const controller = new AbortController()
      const abort = (): void => controller.abort(outer.reason)
      outer.addEventListener('abort', abort)
      const body = calls.map(({ method, params }) => ({ id: ++lastId, method, params }))
      const [only] = body
      try {
        const fetchOptions = { signal: controller.signal }
        const reply: unknown =
          only !== undefined && body.length === 1
            ? await client.request({ body: only, fetchOptions })
            : await client.request({ body, fetchOptions })
        return readReply(body, reply)
      } catch (error) {
        outer.throwIfAborted()
        throw toFault(error, clock.now())
      } finally {
        outer.removeEventListener('abort', abort)
        controller.abort()
      }
    },
  }
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

function toFault(error: unknown, nowUnixMs: number): RpcFault {
  if (error instanceof RpcFault) return error
  if (error instanceof TimeoutError) {
    return new RpcFault('timeout', 'The node has not answered in time.', { cause: error })
  }
  if (error instanceof ResponseBodyTooLargeError) {
    return new RpcFault('too-large', "The node's answer is larger than is taken.", { cause: error })
  }
  if (error instanceof HttpRequestError && error.status !== undefined) {
    return faultOfStatus(error.status, error.headers?.get('Retry-After') ?? null, nowUnixMs)
  }
  const what = error instanceof SyntaxError || causeIs(error, SyntaxError) ? 'is no JSON' : 'did not come'
  return new RpcFault('transport', `The node's answer ${what}. Check its address and the network.`, {
    cause: error,
  })
}

function causeIs(error: unknown, type: typeof SyntaxError): boolean {
  return error instanceof Error && error.cause instanceof type
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
