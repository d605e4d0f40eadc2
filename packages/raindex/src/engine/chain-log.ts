import { toHex, type Address, type Bytes32, type Hex } from './hex.ts'
import { RaindexError } from './raindex-error.ts'

/** One log of the chain. All hex in lower case. */
export type ChainLog = {
  readonly address: Address
  readonly topics: readonly Bytes32[]
  readonly data: Hex
  readonly blockNumber: number
  readonly blockHash: Bytes32
  /** Seconds since 1970, where the node says so. */
  readonly blockTimestamp?: number | undefined
  readonly transactionHash: Bytes32
  readonly logIndex: number
}

/**
 * Reads one entry of the answer to `eth_getLogs`.
 *
 * @throws {RaindexError} `BadLog`: a field is missing or misshapen, named in `details.field`; or the log was
 * removed by a reorganisation, so that the range must be asked for again.
 * @see https://ethereum.github.io/execution-apis/api-documentation/
 */
export function readRpcLog(entry: unknown): ChainLog {
  if (typeof entry !== 'object' || entry === null) throw badField('log', entry)
  // Any object can be read by name; each field is checked below.
  const fields = entry as Readonly<Record<string, unknown>>
  if (fields['removed'] === true) throw badField('removed', true)
  const { topics, blockTimestamp } = fields
  if (!Array.isArray(topics) || topics.length > 4) throw badField('topics', topics)
  return {
    address: readHex('address', fields['address'], 20),
    topics: topics.map((topic: unknown) => readHex('topics', topic, 32)),
    data: readHex('data', fields['data']),
    blockNumber: readQuantity('blockNumber', fields['blockNumber']),
    blockHash: readHex('blockHash', fields['blockHash'], 32),
    blockTimestamp:
      blockTimestamp === undefined || blockTimestamp === null
        ? undefined
        : readQuantity('blockTimestamp', blockTimestamp),
    transactionHash: readHex('transactionHash', fields['transactionHash'], 32),
    logIndex: readQuantity('logIndex', fields['logIndex']),
  }
}

/** Names a log in messages and in the details of errors. */
export function logDetails({ blockNumber, logIndex, transactionHash }: ChainLog): {
  readonly blockNumber: number
  readonly logIndex: number
  readonly transactionHash: Bytes32
} {
  return { blockNumber, logIndex, transactionHash }
}

function readHex(field: string, value: unknown, sizeBytes?: number): Hex {
  const hex = typeof value === 'string' ? toHex(value, sizeBytes) : undefined
  if (hex === undefined) throw badField(field, value)
  return hex
}

function readQuantity(field: string, value: unknown): number {
  const quantity = typeof value === 'string' && /^0x[0-9a-f]{1,14}$/i.test(value) ? Number(value) : NaN
  if (!Number.isSafeInteger(quantity)) throw badField(field, value)
  return quantity
}

function badField(field: string, value: unknown): RaindexError {
  const shown = JSON.stringify(value)?.slice(0, 80)
  return new RaindexError('BadLog', `The field ${field} of a log cannot be ${shown}. Ask the node again.`, {
    field,
  })
}
