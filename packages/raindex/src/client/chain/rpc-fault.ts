import { toHex, type Hex } from '../../engine/hex.ts'
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

type RpcFaultOptions = {
  readonly retryAfterMs?: number | undefined
  readonly revertData?: Hex | undefined
  readonly cause?: unknown
}

/** A fault of a node, as the error that is thrown when no other node helps. */
export class RpcFault extends RaindexClientError {
  override readonly name = 'RpcFault'
  readonly fault: RpcFaultKind
  /** How long the node asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** What a call has reverted with; undefined where none has, or the node does not tell. */
  readonly revertData: Hex | undefined

  constructor(fault: RpcFaultKind, message: string, options: RpcFaultOptions = {}) {
    super(names[fault], { message, retryable: fault !== 'bad-answer', cause: options.cause })
    this.fault = fault
    this.retryAfterMs = options.retryAfterMs
    this.revertData = options.revertData
  }
}

/** An answer that cannot be true. @throws nothing: the caller throws it. */
export function badAnswer(what: string, cause?: unknown): RpcFault {
  return new RpcFault('bad-answer', `The node says something impossible: ${what}. Use another node.`, {
    cause,
  })
}

/** What the error of a JSON-RPC reply means. @see https://www.jsonrpc.org/specification, EIP-1474 */
export function faultOfReply(method: string, code: number, message: string, data?: unknown): RpcFault {
  const said = `The node refused ${method}: ${message.slice(0, 200)} (${code}).`
  // Words in a revert's reason are the contract's, not the node's.
  const revertData = readRevertData(code, message, data)
  if (revertData !== undefined) return new RpcFault('refused', said, { revertData })
  // Nodes use one code for both, so what the message says decides first.
  if (tooLargeWords.test(message)) return new RpcFault('too-large', said)
  if (rateLimitCodes.has(code) || rateLimitWords.test(message)) return new RpcFault('rate-limited', said)
  return new RpcFault('refused', said)
}

/** Nodes give it with code 3, or with a code of their own and a message that says so. */
function readRevertData(code: number, message: string, data: unknown): Hex | undefined {
  if (code !== 3 && !/revert/i.test(message)) return undefined
  if (typeof data === 'string' && /^0x(?:[0-9a-f]{2})*$/i.test(data)) return toHex(data)
  return '0x'
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
