import { quoteOrder, type EnvRow, type QuoteOutcome, type QuoteRequest } from '../../engine/index.ts'
import { bitOf, type MarkBits } from './point-marks.ts'
import type { Looks, ReplayHost } from './replay-host.ts'
import { nextChange, type Place, type RowVersions, type Timeline } from './timeline.ts'

/** A quote of one moment, with what it depends on. */
export type QuotedMoment = {
  readonly outcome: QuoteOutcome
  readonly env: EnvRow
  readonly looks: Looks
  /** What makes it differ from the chain then, apart from the clock. */
  readonly marks: MarkBits
  /** The next block that changes a row the quote has read; Infinity for none. */
  readonly validUntil: Place
}

/** Quotes one pair in the state after a block. */
export async function quoteMoment(
  host: ReplayHost,
  timeline: Timeline,
  request: QuoteRequest,
  at: { readonly place: Place; readonly env: EnvRow },
): Promise<QuotedMoment> {
  const read = new Set<RowVersions>()
  let askedWallet = false
  const rows = timeline.state(at, (row) => read.add(row))
  const state = {
    ...rows,
    env: at.env,
    wallet: (...of: Parameters<NonNullable<typeof rows.wallet>>) => {
      askedWallet = true
      return rows.wallet?.(...of)
    },
  }
  const outcome = await quoteOrder(host, state, request)
  const looks = host.takeLooks()
  let validUntil = Infinity
  for (const row of read) validUntil = Math.min(validUntil, nextChange(row, at.place))
  return { outcome, env: at.env, looks, marks: marksOf(request, looks, askedWallet), validUntil }
}

/** Whether a quote still stands in a later block with another clock. */
export function stillStands({ looks, env, validUntil }: QuotedMoment, place: Place, now: EnvRow): boolean {
  return (
    place < validUntil &&
    (!looks.time || env.timestamp === now.timestamp) &&
    (!looks.number || env.blockNumber === now.blockNumber)
  )
}

function marksOf(
  { signedContext = [], overrides = [] }: QuoteRequest,
  looks: Looks,
  askedWallet: boolean,
): MarkBits {
  let bits = 0
  if (signedContext.length > 0) bits |= bitOf('signed-context')
  if (overrides.length > 0) bits |= bitOf('override')
  if (askedWallet) bits |= bitOf('wallet')
  if (looks.others) bits |= bitOf('other-contract')
  if (looks.block) bits |= bitOf('block-field')
  return bits
}
