/** What a live table has done, to see waste. */
export type TableStats = {
  /** Reads that went to the master. */
  fetches: number
  /** Reads of something that was known and fresh. Only the mode `network` makes them. */
  repeats: number
  /** Rows that came and were known already. */
  redundantRows: number
  /** Reads that joined one under way. */
  coalesced: number
  hits: number
  misses: number
  /** About how much the rows that came take in memory. */
  bytes: number
  /** Reads and writes asked for; log lines name them as `req`. */
  requests: number
}

export function createTableStats(): TableStats {
  return { fetches: 0, repeats: 0, redundantRows: 0, coalesced: 0, hits: 0, misses: 0, bytes: 0, requests: 0 }
}
