import type { Bytes32, ChainLog, Hex } from '../../engine/index.ts'
import type { BlockId } from '../chain/ledger.ts'
import { unpackBytes } from '../chain/log-page.ts'
import { topicsOfEvents } from './event-views.ts'
import type { SqlValue } from './sql-database.ts'

/** A log from its columns, in the order in which they are asked for. */
export function logOf([
  address,
  event,
  topics,
  block,
  timestamp,
  index,
  bytes,
]: readonly SqlValue[]): ChainLog {
  if (!(bytes instanceof Uint8Array)) throw new RangeError('A log that is kept has no bytes.')
  return {
    address: hexOf(address),
    // Written by the log writer.
    topics:
      typeof topics === 'string'
        ? (JSON.parse(topics) as Bytes32[])
        : (topicsOfEvents.get(Number(event)) ?? []),
    blockNumber: Number(block),
    blockTimestamp: typeof timestamp === 'number' ? timestamp : undefined,
    logIndex: Number(index),
    ...unpackBytes(bytes, 0, bytes.length),
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
