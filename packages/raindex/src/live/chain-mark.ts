import type { Bytes32 } from '../engine/index.ts'
import type { ChainPosition } from './sync-engine.ts'

/** A place on the chain as a mark of the replica. */
export function writeMark({ blockNumber, logIndex, blockHash }: ChainPosition): string {
  return `${blockNumber}:${logIndex}:${blockHash}`
}

/** A mark that `writeMark` wrote. */
export function readMark(mark: string): ChainPosition {
  const [blockNumber, logIndex, blockHash = ''] = mark.split(':')
  // Written above from a hash.
  return { blockNumber: Number(blockNumber), logIndex: Number(logIndex), blockHash: blockHash as Bytes32 }
}
