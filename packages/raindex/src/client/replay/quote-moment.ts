import {
  quoteOrder,
  type EnvRow,
  type OrderbookState,
  type OrderPair,
  type QuoteOutcome,
} from '../../engine/index.ts'
import { bitOf, type MarkBits } from './point-marks.ts'
import type { Looks, ReplayHost } from './replay-host.ts'
import type { ReplaySubject } from './replay-request.ts'
import { readSignedTakes, type SignedTakes } from './signed-takes.ts'
import { nextChange, type Place, type RowVersions, type Timeline } from './timeline.ts'

/** A quote of one moment, with what it depends on. */
export type QuotedMoment = {
  readonly outcome: QuoteOutcome
  readonly env: EnvRow
  readonly looks: Looks
  /** What makes it differ from the chain then, apart from the clock. */
  readonly marks: MarkBits
  /** Marks of all points but those of one second; that of a take, with whose words it was quoted. */
  readonly marksExcept: { readonly marks: MarkBits; readonly second: number | undefined }
  /** The next block that changes a row the quote has read, or brings other signed words; Infinity for none. */
  readonly validUntil: Place
}

/** Quotes one pair in the state after a block, one moment at a time. */
export type MomentQuoter = (place: Place, env: EnvRow) => Promise<QuotedMoment>

export function createMomentQuoter(
  host: ReplayHost,
  timeline: Timeline,
  request: ReplaySubject & OrderPair,
): MomentQuoter {
  const { signedContext } = request
  const takes = signedContext === 'as-taken' ? readSignedTakes(timeline, request) : undefined
  // One state that is moved through time, because making one takes as long as a small quote.
  const at: { place: Place; env: EnvRow } = { place: -1, env: { blockNumber: 0, timestamp: 0 } }
  const read: RowVersions[] = []
  let askedWallet = false
  const rows = timeline.state(at, (row) => read.push(row))
  const state: OrderbookState = {
    get env() {
      return at.env
    },
    order: rows.order,
    vaultBalance: rows.vaultBalance,
    word: rows.word,
    tokenDecimals: rows.tokenDecimals,
    wallet(owner, token) {
      askedWallet = true
      return rows.wallet?.(owner, token)
    },
  }
  return async (place, env) => {
    at.place = place
    at.env = env
    read.length = 0
    askedWallet = false
    const take = takes?.lastAt(place)
    const words = signedContext === 'as-taken' ? take?.words : signedContext
    const outcome = await quoteOrder(host, state, { ...request, signedContext: words })
    const looks = host.takeLooks()
    let validUntil = takes?.nextAfter(place) ?? Infinity
    for (const row of read) validUntil = Math.min(validUntil, nextChange(row, place))
    const marks = marksOf(request, looks, askedWallet)
    return { outcome, env, looks, marks, marksExcept: exceptAt(takes, take?.second), validUntil }
  }
}

/** Whether a quote stands for another clock of the same state. */
export function standsFor({ looks, env }: QuotedMoment, now: EnvRow): boolean {
  return (
    (!looks.time || env.timestamp === now.timestamp) && (!looks.number || env.blockNumber === now.blockNumber)
  )
}

/** The marks of the point of a second. */
export function marksAt({ marks, marksExcept }: QuotedMoment, second: number): MarkBits {
  return second === marksExcept.second ? marks : marks | marksExcept.marks
}

/** Where nothing was ever signed, nothing is missing. */
function exceptAt(takes: SignedTakes | undefined, second: number | undefined): QuotedMoment['marksExcept'] {
  const isAsTaken = takes !== undefined && !takes.isEmpty
  return { marks: isAsTaken ? bitOf('signed-context') : 0, second }
}

function marksOf(
  { signedContext = [], overrides = [] }: ReplaySubject,
  looks: Looks,
  askedWallet: boolean,
): MarkBits {
  let bits = 0
  if (signedContext !== 'as-taken' && signedContext.length > 0) bits |= bitOf('signed-context')
  if (overrides.length > 0) bits |= bitOf('override')
  if (askedWallet) bits |= bitOf('wallet')
  if (looks.others) bits |= bitOf('other-contract')
  if (looks.block) bits |= bitOf('block-field')
  return bits
}
