import { FreshetError } from '@freshet/core'
import type { Address, Bytes32, Order, OrderPair, SignedContext, StoreOverride } from '../../engine/index.ts'
import type { ClockKind } from './chain-clock.ts'
import { isoTime } from './replay-csv.ts'
import type { HistoryHead } from './replay-history.ts'

/** Whose quotes are replayed, and who would take. */
export type ReplaySubject = {
  /** The hash of an order of the history, or an order that need never have been there. */
  readonly order: Bytes32 | Order
  /** Who would take; see `QuoteRequest`. */
  readonly counterparty: Address
  /**
   * Words that count as signed at every point, each of which is then marked; or `as-taken`, those of the last take of
   * the pair that had some, with a mark on every point but those of its second.
   */
  readonly signedContext?: readonly SignedContext[] | 'as-taken' | undefined
  readonly overrides?: readonly StoreOverride[] | undefined
  /** Default `second`. */
  readonly clock?: ClockKind | undefined
}

/** What is replayed: a point at `from` and after each step, up to `to` at the latest. */
export type ReplayRequest = ReplaySubject & {
  /** Default every input with every output of another token. */
  readonly pairs?: readonly OrderPair[] | undefined
  /** Seconds since 1970, whole. */
  readonly from: number
  readonly to: number
  /** Whole seconds. Default 1. */
  readonly stepSeconds?: number | undefined
}

/** More points would not fit into memory: 30 days of seconds. */
const mostPoints = 2_592_000

/** Of which there is a date. */
const latestSecond = 8_640_000_000_000

/**
 * How many points a request asks for.
 *
 * @throws {FreshetError} `replay/bad-range`: it runs backwards, is no whole number of seconds, or has too many points.
 */
export function pointCount({ from, to, stepSeconds = 1 }: ReplayRequest): number {
  for (const [name, value] of Object.entries({ from, to, stepSeconds })) {
    if (!Number.isSafeInteger(value) || value < 0 || value > latestSecond)
      throw badRange(`${name} is ${value}. Give whole seconds.`)
  }
  if (stepSeconds < 1) throw badRange('The step is 0. Give at least one second.')
  if (to < from)
    throw badRange(`It ends at ${isoTime(to)}, before it begins at ${isoTime(from)}. Turn it around.`)
  const count = Math.floor((to - from) / stepSeconds) + 1
  if (count <= mostPoints) return count
  throw badRange(`It has ${count} points, and at most ${mostPoints} are possible. Take a longer step.`)
}

/**
 * Refuses what lies before the beginning of a history that is not whole.
 *
 * @throws {FreshetError} `replay/before-history`.
 */
export function assertKnownSince(since: HistoryHead | undefined, second: number): void {
  if (since === undefined || second >= since.timestamp) return
  const [asked, known] = [isoTime(second), isoTime(since.timestamp)]
  const message = `The state at ${asked} is not known: events are kept from block ${since.number}, ${known}, on. Choose a time from then on, or fill in the older events with freshet raindex sync --from BLOCK, the block in which the order book was made.`
  throw new FreshetError({ code: 'replay/before-history', kind: 'usage', message })
}

function badRange(what: string): FreshetError {
  return new FreshetError({
    code: 'replay/bad-range',
    kind: 'usage',
    message: `The range cannot be replayed. ${what}`,
  })
}
