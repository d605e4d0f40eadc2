import { badAnswer } from './rpc-fault.ts'
import type { RpcPool } from './rpc-pool.ts'

/** The number of the chain's newest block. @throws {RpcFault} when no node answers. */
export async function readHeadNumber(pool: RpcPool, signal: AbortSignal): Promise<number> {
  return pool.ask(
    [{ method: 'eth_blockNumber', params: [] }],
    ([answer]) => {
      const number = typeof answer === 'string' ? Number(answer) : NaN
      if (!Number.isSafeInteger(number) || number < 0) throw badAnswer('a block number that is none')
      return number
    },
    { signal },
  )
}
