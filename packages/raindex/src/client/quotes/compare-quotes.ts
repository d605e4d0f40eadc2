import type { NotComparable, QuoteOutcome } from '../../engine/index.ts'
import { revertDataOf } from '../../engine/index.ts'
import { display, div, eq, isZero, sub, type Float } from '../../float/index.ts'
import type { RpcQuote } from './rpc-quotes.ts'

/** How a quote computed here stands to the chain's own, both of one block. */
export type QuoteVerdict =
  /** The same numbers, or the same refusal. */
  | { readonly kind: 'match' }
  /** Both are numbers and differ. In hundredths of a percent of the chain's; null where the chain's is zero. */
  | {
      readonly kind: 'drift'
      readonly ioRatioBasisPoints: number | null
      readonly outputMaxBasisPoints: number | null
    }
  /** One is a number and the other is not, or they refuse differently. */
  | { readonly kind: 'disagree' }
  /** The chain has not answered. */
  | { readonly kind: 'unanswered'; readonly message: string }
  /** What the quote needs is not known here. */
  | { readonly kind: 'not-comparable'; readonly reason: NotComparable }

/** Compares a quote computed here with the chain's answer at the same block. */
export function compareQuotes(virtual: QuoteOutcome, rpc: RpcQuote): QuoteVerdict {
  if (virtual.kind === 'not-comparable' && isGap(virtual.reason)) {
    return { kind: 'not-comparable', reason: virtual.reason }
  }
  if (rpc.kind === 'unavailable') return { kind: 'unanswered', message: rpc.message }
  if (virtual.kind === 'not-comparable') return sameRefusal(virtual.reason, rpc) ? match : disagree
  if (rpc.kind !== 'quote') return disagree
  if (eq(virtual.ioRatio, rpc.ioRatio) && eq(virtual.outputMax, rpc.outputMax)) return match
  return {
    kind: 'drift',
    ioRatioBasisPoints: basisPoints(virtual.ioRatio, rpc.ioRatio),
    outputMaxBasisPoints: basisPoints(virtual.outputMax, rpc.outputMax),
  }
}

const match: QuoteVerdict = { kind: 'match' }
const disagree: QuoteVerdict = { kind: 'disagree' }

/** Whether the reason is a lack of knowledge, and not something that the chain would say as well. */
function isGap(reason: NotComparable): boolean {
  return reason.kind !== 'OrderNotFound' && revertDataOf(reason) === undefined
}

function sameRefusal(reason: NotComparable, rpc: RpcQuote): boolean {
  if (reason.kind === 'OrderNotFound') return rpc.kind === 'no-order'
  return rpc.kind === 'reverted' && rpc.data === revertDataOf(reason)
}

/** To two decimals. A rounding for people, not for sums. */
function basisPoints(value: Float, reference: Float): number | null {
  if (isZero(reference)) return null
  return Math.round(Number(display(div(sub(value, reference), reference))) * 1_000_000) / 100
}
