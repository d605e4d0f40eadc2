import type { EnvRow } from '../../engine/index.ts'
import type { Place, Timeline } from './timeline.ts'

/**
 * What programs see as the time.
 *
 * `second`: the second asked for, as a take in a block of that second would. `block`: the newest block's, as a call
 * of a node in that second would.
 */
export type ClockKind = 'second' | 'block'

/** The block fields of one second. */
export type ClockReading = {
  readonly env: EnvRow
  /** Whether the number, or a block's time, was reckoned between two known blocks. */
  readonly estimated: boolean
}

/**
 * The block fields of a second.
 *
 * Blocks without changes may not be known. Between two known ones that are not neighbours the number is taken to
 * rise evenly, and never reaches the later one before its time.
 *
 * @param place - Of the last known block at or before the second.
 */
export function readClock(timeline: Timeline, second: number, place: Place, kind: ClockKind): ClockReading {
  const { blockNumbers, timestamps, history } = timeline
  const [number, timestamp] = [blockNumbers[place], timestamps[place]]
  if (number === undefined || timestamp === undefined) {
    return { env: { blockNumber: 0, timestamp: kind === 'second' ? second : 0 }, estimated: true }
  }
  const nextNumber = blockNumbers[place + 1] ?? history.head.number
  const nextTimestamp = timestamps[place + 1] ?? history.head.timestamp
  const between = nextNumber - number
  const seconds = nextTimestamp - timestamp
  if (second === nextTimestamp) {
    // Only the head has its time and is no block of its own.
    return { env: { blockNumber: nextNumber, timestamp: second }, estimated: false }
  }
  const estimated = between > 1 && second > timestamp
  const steps = estimated ? Math.min(between - 1, Math.floor(((second - timestamp) * between) / seconds)) : 0
  const ofBlock = estimated ? timestamp + Math.floor((steps * seconds) / between) : timestamp
  return {
    env: { blockNumber: number + steps, timestamp: kind === 'second' ? second : ofBlock },
    estimated,
  }
}
