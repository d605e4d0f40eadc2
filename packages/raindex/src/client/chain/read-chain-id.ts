import { systemClock } from '@freshet/core'
import { createRpcNode } from './rpc-node.ts'
import { badAnswer } from './rpc-fault.ts'
import type { RpcFetch } from './send-over-fetch.ts'

/**
 * Which chain a node belongs to.
 *
 * @throws {RpcFault} when it does not answer, or not with a number.
 */
export async function readChainId(
  url: string,
  options: {
    readonly fetch?: RpcFetch | undefined
    /** Default 10,000. */
    readonly timeoutMs?: number | undefined
    readonly signal?: AbortSignal | undefined
  } = {},
): Promise<number> {
  const { fetch, timeoutMs = 10_000, signal = new AbortController().signal } = options
  const node = createRpcNode({ url, fetch, timeoutMs, maxAnswerBytes: 65_536, clock: systemClock })
  const [answer] = await node.request([{ method: 'eth_chainId', params: [] }], signal)
  const id = typeof answer === 'string' && /^0x[0-9a-f]{1,13}$/i.test(answer) ? Number(answer) : undefined
  if (id === undefined) throw badAnswer('a chain id that is none')
  return id
}
