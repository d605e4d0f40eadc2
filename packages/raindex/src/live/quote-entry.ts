import type { RowFact } from '@freshet/core'
import type { Float } from '../float/index.ts'
import type { EnvRow, NotComparable, QuoteOffer } from '../engine/index.ts'
import type { QuoteBasis, QuotePair, RunnableBasis } from './watched-quote.ts'

/** A quote as it was computed last. Its id is {@link quoteId}. */
export type QuoteRow = QuotePair & {
  /** What the taker gives per unit received; null where there is no number. */
  readonly ioRatio: Float | null
  /** The most the taker can receive; null where there is no number. */
  readonly outputMax: Float | null
  /** Why there is no number. */
  readonly reason: NotComparable | null
  /** The block it was computed at; null before the first time. */
  readonly asOf: EnvRow | null
  /** Something it has read has changed since. */
  readonly stale: boolean
}

/** What is kept of a pair. Changed in place: there is one for every quote of the book, and all may change in a block. */
export type QuoteEntry = {
  readonly id: string
  readonly pair: QuotePair
  /** By which workers know it. */
  readonly slot: number
  offer: QuoteOffer | undefined
  asOf: EnvRow | null
  basis: QuoteBasis | undefined
  isStale: boolean
  /** A row that it has read has changed since, so that its basis does not stand. */
  isBasisStale: boolean
  /** It waits to be quoted. */
  isQueued: boolean
  /** How often it was marked as stale. */
  marks: number
  isDropped: boolean
  /** How often workers could not quote it. */
  misses: number
}

export function createQuoteEntry(id: string, pair: QuotePair, slot: number): QuoteEntry {
  return {
    ...{ id, pair, slot, offer: undefined, asOf: null, basis: undefined },
    ...{ isStale: true, isBasisStale: true, isQueued: false, isDropped: false, marks: 0, misses: 0 },
  }
}

/** The basis, where running it again is all there is to do. */
export function runnableBasis({ basis, isBasisStale }: QuoteEntry): RunnableBasis | undefined {
  // The test of its field is the type.
  return isBasisStale || basis?.prepared === undefined ? undefined : (basis as RunnableBasis)
}

export function factOf({ id, pair, offer, asOf, isStale }: QuoteEntry): RowFact {
  const isQuote = offer?.kind === 'quote'
  // Field by field: spreading takes as long as all else here.
  const row: QuoteRow = {
    inputIOIndex: pair.inputIOIndex,
    outputIOIndex: pair.outputIOIndex,
    order: pair.order,
    ioRatio: isQuote ? offer.ioRatio : null,
    outputMax: isQuote ? offer.outputMax : null,
    reason: offer?.kind === 'not-comparable' ? offer.reason : null,
    asOf,
    stale: isStale,
  }
  return { kind: 'put', table: 'quotes', id, row }
}

/** The hash of the order that a row's id begins with. */
export function orderOfId(id: string): string {
  return id.slice(0, id.indexOf('/'))
}

/** The id of a pair's row. */
export function quoteId({ order, inputIOIndex, outputIOIndex }: QuotePair): string {
  return `${order}/${inputIOIndex}/${outputIOIndex}`
}
