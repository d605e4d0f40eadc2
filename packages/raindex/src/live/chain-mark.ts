import { RaindexError, type Bytes32 } from '../engine/index.ts'
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

/**
 * Whether what ends at a place has been there already.
 *
 * @param last - Where the last one ended.
 * @throws {RaindexError} `UnannouncedFork`: the place is in another block of the same number.
 */
export function isCovered(last: ChainPosition | undefined, position: ChainPosition | undefined): boolean {
  if (last === undefined || position === undefined || position.blockNumber > last.blockNumber) return false
  if (position.blockNumber < last.blockNumber) return true
  if (position.blockHash !== last.blockHash) throw unannouncedFork(position)
  return position.logIndex <= last.logIndex
}

function unannouncedFork({ blockNumber, blockHash }: ChainPosition): RaindexError {
  const message = `Block ${blockNumber} came with another hash. The engine must say how far to rewind.`
  return new RaindexError('UnannouncedFork', message, { blockNumber, blockHash })
}
