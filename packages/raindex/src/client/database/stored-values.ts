import type { Bytes32, ChainLog, Hex } from '../../engine/index.ts'
import type { BlockId } from '../chain/ledger.ts'
import type { SqlValue } from './sql-database.ts'

/** A log from its columns, in the order in which they are asked for. */
export function logOf(row: readonly SqlValue[]): ChainLog {
  const [address, topics, data, blockNumber, blockHash, blockTimestamp, transactionHash, logIndex] = row
  return {
    address: hexOf(address),
    // Written by the log writer.
    topics: JSON.parse(String(topics)) as readonly Bytes32[],
    data: hexOf(data),
    blockNumber: Number(blockNumber),
    blockHash: hexOf(blockHash),
    blockTimestamp: typeof blockTimestamp === 'number' ? blockTimestamp : undefined,
    transactionHash: hexOf(transactionHash),
    logIndex: Number(logIndex),
  }
}

/** A block from its number and its hash. */
export function blockId([number, hash]: readonly SqlValue[]): BlockId {
  return { number: Number(number), hash: hexOf(hash) }
}

/** Hex that was written from checked hex. */
export function hexOf(value: SqlValue | undefined): Hex {
  // Columns of hex text are written from checked hex only.
  return String(value) as Hex
}
