import type { EnvRow } from '../../engine/index.ts'
import type { HistoryHead } from './replay-history.ts'
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
  const { blockNumbers, timestamps } = timeline
  const [number, timestamp] = [blockNumbers[place], timestamps[place]]
  if (number === undefined || timestamp === undefined) {
    return { env: { blockNumber: 0, timestamp: kind === 'second' ? second : 0 }, estimated: true }
  }
  const next = blockAfter(timeline, place)
  const steps = stepsSince(second, { number, timestamp }, next)
  const blockNumber = number + steps
  // Only the head has its time and is no block of its own.
  if (second === next.timestamp) return { env: { blockNumber, timestamp: second }, estimated: false }
  const estimated = second > timestamp && next.number - number > 1
  if (kind === 'second') return { env: { blockNumber, timestamp: second }, estimated }
  const seconds = Math.floor((steps * (next.timestamp - timestamp)) / Math.max(1, next.number - number))
  return { env: { blockNumber, timestamp: timestamp + seconds }, estimated }
}

/** The newest block's number of each point, as `readClock` has it. */
export function writeBlockNumbers(
  timeline: Timeline,
  { time, blockNumber }: { readonly time: Float64Array; readonly blockNumber: Float64Array },
): void {
  const { blockNumbers, timestamps, history } = timeline
  const { timestamp: end, number: last } = history.head
  let place = timeline.placeAt(time[0] ?? 0)
  let i = 0
  while (i < time.length) {
    const second = time[i] ?? 0
    while ((timestamps[place + 1] ?? Infinity) <= second) place++
    const known = { number: blockNumbers[place] ?? 0, timestamp: timestamps[place] ?? 0 }
    const next = blockAfter(timeline, place)
    // Up to the next known block, without a look at anything but the second.
    for (; i < time.length && (time[i] ?? 0) < next.timestamp; i++) {
      blockNumber[i] = place < 0 ? 0 : known.number + stepsSince(time[i] ?? 0, known, next)
    }
    for (; i < time.length && place === timestamps.length - 1 && (time[i] ?? 0) >= end; i++)
      blockNumber[i] = last
  }
}

function blockAfter({ blockNumbers, timestamps, history }: Timeline, place: Place): HistoryHead {
  const [number, timestamp] = [blockNumbers[place + 1], timestamps[place + 1]]
  return number === undefined || timestamp === undefined ? history.head : { number, timestamp }
}

/** How many blocks after a known one the newest of a second is. */
function stepsSince(second: number, known: HistoryHead, next: HistoryHead): number {
  const between = next.number - known.number
  if (second >= next.timestamp) return between
  if (between <= 1 || second <= known.timestamp) return 0
  const seconds = next.timestamp - known.timestamp
  return Math.min(between - 1, Math.floor(((second - known.timestamp) * between) / seconds))
}
