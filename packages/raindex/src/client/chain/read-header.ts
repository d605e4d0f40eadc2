import { toHex, type Bytes32, type Hex } from '../../engine/hex.ts'
import { badAnswer } from './rpc-fault.ts'

/** What is kept of a block. */
export type BlockHeader = {
  readonly number: number
  readonly hash: Bytes32
  readonly parentHash: Bytes32
  /** Seconds since 1970. */
  readonly timestamp: number
  /** 2,048 bits that say which addresses and topics the block's logs may have. */
  readonly logsBloom: Hex | undefined
}

/**
 * Reads the answer to `eth_getBlockByNumber`.
 *
 * @param asked - The number that was asked for; undefined for the newest.
 * @returns undefined when the node does not have the block.
 * @throws {RpcFault} `bad-answer`
 */
export function readHeader(answer: unknown, asked?: number): BlockHeader | undefined {
  if (answer === null) return undefined
  if (typeof answer !== 'object' || answer === undefined) throw badAnswer('a block that is none')
  // Any object can be read by name; each field is checked below.
  const fields = answer as Readonly<Record<string, unknown>>
  const number = readQuantity('number', fields['number'])
  if (asked !== undefined && number !== asked) throw badAnswer(`block ${number} instead of ${asked}`)
  const { logsBloom } = fields
  return {
    number,
    hash: readHash('hash', fields['hash']),
    parentHash: readHash('parentHash', fields['parentHash']),
    timestamp: readQuantity('timestamp', fields['timestamp']),
    logsBloom: typeof logsBloom === 'string' ? toHex(logsBloom, 256) : undefined,
  }
}

function readQuantity(field: string, value: unknown): number {
  const quantity = typeof value === 'string' && /^0x[0-9a-f]{1,14}$/i.test(value) ? Number(value) : NaN
  if (!Number.isSafeInteger(quantity)) throw badAnswer(`a block whose ${field} is ${shown(value)}`)
  return quantity
}

function readHash(field: string, value: unknown): Bytes32 {
  const hash = typeof value === 'string' ? toHex(value, 32) : undefined
  if (hash === undefined) throw badAnswer(`a block whose ${field} is ${shown(value)}`)
  return hash
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'missing'
}
