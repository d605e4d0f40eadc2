import { hexToString, type Hex as ViemHex } from 'viem'
import { toHex, type Address, type Hex } from '../../engine/hex.ts'
import type { Token } from './ledger.ts'
import { RpcFault } from './rpc-fault.ts'
import type { RpcPool } from './rpc-pool.ts'

const decimalsSelector = '0x313ce567'
const nameSelector = '0x06fdde03'
const symbolSelector = '0x95d89b41'
const longestName = 200
/** A node that cannot run calls at all says something else. */
const saysReverted = /revert|execution|opcode|out of gas|\(3\)/i

/**
 * Reads what a token says of itself.
 *
 * @returns decimals `none` when the contract does not tell or says something impossible.
 * @throws {RpcFault} when no node answers.
 */
export async function readToken(pool: RpcPool, address: Address, signal: AbortSignal): Promise<Token> {
  const [decimals, name, symbol] = await Promise.all(
    [decimalsSelector, nameSelector, symbolSelector].map((data) =>
      callOrNothing(pool, address, data, signal),
    ),
  )
  return { address, decimals: readDecimals(decimals), name: readText(name), symbol: readText(symbol) }
}

/** What a call returns; undefined when it reverts. */
async function callOrNothing(
  pool: RpcPool,
  to: Address,
  data: string,
  signal: AbortSignal,
): Promise<Hex | undefined> {
  const call = { method: 'eth_call', params: [{ to, data }, 'latest'] }
  try {
    return await pool.ask([call], ([answer]) => (typeof answer === 'string' ? toHex(answer) : undefined), {
      signal,
    })
  } catch (error) {
    if (error instanceof RpcFault && error.fault === 'refused' && saysReverted.test(error.message))
      return undefined
    throw error
  }
}

function readDecimals(word: Hex | undefined): Token['decimals'] {
  if (word === undefined || word.length !== 66) return 'none'
  const decimals = BigInt(word)
  return decimals <= 255n ? Number(decimals) : 'none'
}

/** A string, or a word of text as the oldest tokens give it. */
function readText(answer: Hex | undefined): string {
  if (answer === undefined || answer === '0x') return ''
  const words = answer.length - 2
  const lengthAt = words >= 128 ? Number(BigInt(`0x${answer.slice(66, 130)}`)) : undefined
  const bytes =
    lengthAt === undefined
      ? answer.slice(2, 66)
      : answer.slice(130, 130 + 2 * Math.min(lengthAt, longestName))
  return hexToString(`0x${bytes}` satisfies ViemHex)
    .replaceAll('\0', '')
    .slice(0, longestName)
}
