import type { LastEvent, ServedBook } from './served-book.ts'

/** What a quote was computed from. */
export type QuoteGrounds = {
  readonly asOf: { readonly blockNumber: number; readonly timestamp: number } | null
  /** Rows of the state that were looked at, each as `table/id`; the first hundred. */
  readonly rows: readonly string[]
  /** Whether the second or the number of the block was. */
  readonly clock: { readonly time: boolean; readonly number: boolean }
  readonly lacksCode: boolean
  /** The newest event that was taken in. */
  readonly lastEvent: LastEvent | null
}

const mostRows = 100

/** @returns undefined where there is no such quote. */
export async function quoteGrounds(
  { quotes, lastEvent }: ServedBook,
  quoteId: string,
): Promise<QuoteGrounds | undefined> {
  const row = quotes.collection.get(quoteId)
  const reads = quotes.readSet(quoteId)
  if (row === undefined || reads === undefined) return undefined
  const { clock, lacksCode } = reads
  const rows = [...reads.rows].slice(0, mostRows)
  return { asOf: row.asOf, rows, clock, lacksCode, lastEvent: (await lastEvent()) ?? null }
}
