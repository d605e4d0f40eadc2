import { RaindexClientError, type RaindexClientErrorName } from '../client-error.ts'

/**
 * What went wrong with one request to one node.
 *
 * - `too-large`: the same with a smaller range may be answered.
 * - `rate-limited`: the node wants to be left alone.
 * - `timeout`, `transport`: no answer, or none that is JSON-RPC.
 * - `refused`: the node understood and will not.
 * - `bad-answer`: the answer is impossible.
 */
export type RpcFaultKind = 'too-large' | 'rate-limited' | 'timeout' | 'transport' | 'refused' | 'bad-answer'

const names: Readonly<Record<RpcFaultKind, RaindexClientErrorName>> = {
  'too-large': 'AnswerTooLarge',
  'rate-limited': 'RateLimited',
  timeout: 'NodeUnreachable',
  transport: 'NodeUnreachable',
  refused: 'NodeRefused',
  'bad-answer': 'BadAnswer',
}

/** A fault of a node, as the error that is thrown when no other node helps. */
export class RpcFault extends RaindexClientError {
  override readonly name = 'RpcFault'
  readonly fault: RpcFaultKind
  /** How long the node asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    fault: RpcFaultKind,
    message: string,
    options: { readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(names[fault], { message, retryable: fault !== 'bad-answer', cause: options.cause })
    this.fault = fault
    this.retryAfterMs = options.retryAfterMs
  }
}

/** An answer that cannot be true. @throws nothing: the caller throws it. */
export function badAnswer(what: string, cause?: unknown): RpcFault {
  return new RpcFault('bad-answer', `The node says something impossible: ${what}. Use another node.`, {
    cause,
  })
}

/** What the error of a JSON-RPC reply means. @see https://www.jsonrpc.org/specification, EIP-1474 */
export function faultOfReply(method: string, code: number, message: string): RpcFault {
  const said = `The node refused ${method}: ${message.slice(0, 200)} (${code}).`
  // Nodes use one code for both, so what the message says decides first.
  if (tooLargeWords.test(message)) return new RpcFault('too-large', said)
  if (rateLimitCodes.has(code) || rateLimitWords.test(message)) return new RpcFault('rate-limited', said)
  return new RpcFault('refused', said)
}

/** What a reply of HTTP without a JSON-RPC error in it means. */
export function faultOfStatus(status: number, retryAfter: string | null, nowUnixMs: number): RpcFault {
  const retryAfterMs = readRetryAfter(retryAfter, nowUnixMs)
  if (status === 413)
    return new RpcFault('too-large', 'The node finds the request or its answer too large (413).')
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
    return new RpcFault('rate-limited', `The node asks to be left alone (${status}).`, { retryAfterMs })
  }
  return new RpcFault('transport', `The node answers with HTTP status ${status}.`)
}

/** -32090 of HyperRPC, -32005 and -32029 of several providers. */
const rateLimitCodes: ReadonlySet<number> = new Set([-32_090, -32_005, -32_029, 429])
const rateLimitWords = /rate.?limit|too many requests|request (?:count|limit)|compute units|capacity|throttl/i
const tooLargeWords =
  /more than [\d,]+ results|too many (?:results|logs|blocks)|block range|range (?:is )?(?:too|limit)|max(?:imum)? (?:block )?range|response size|response is too big|query (?:timeout|returned)|timed? ?out|limited to|exceeds? (?:the )?(?:max|limit|range)/i

/** Seconds or a date, as RFC 9110 section 10.2.3 has it. At most an hour. */
function readRetryAfter(text: string | null, nowUnixMs: number): number | undefined {
  if (text === null) return undefined
  const afterMs = /^\d{1,6}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowUnixMs
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(afterMs, 0), 3_600_000)
}
