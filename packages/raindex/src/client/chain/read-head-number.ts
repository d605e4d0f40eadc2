import { badAnswer } from './rpc-fault.ts'
import type { RpcCall } from './rpc-node.ts'
import type { RpcPool } from './rpc-pool.ts'

/** The number of the chain's newest block. @throws {RpcFault} when no node answers. */
export async function readHeadNumber(pool: RpcPool, signal: AbortSignal): Promise<number> {
  return pool.ask([headNumberCall], ([answer]) => headNumberOf(answer), { signal })
}

export const headNumberCall: RpcCall = { method: 'eth_blockNumber', params: [] }

/** @throws {RpcFault} `bad-answer`: it is no number. */
export function headNumberOf(answer: unknown): number {
  const number = typeof answer === 'string' ? Number(answer) : NaN
  if (!Number.isSafeInteger(number) || number < 0) throw badAnswer('a block number that is none')
  return number
}
