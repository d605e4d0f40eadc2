import type { StoreTable } from '@freshet/core'

/** What every adapter takes. */
export type StoreOptions = {
  /** All tables the store will be asked about, with their indexes. */
  readonly tables: readonly StoreTable[]
  /**
   * How many of the newest deletions to remember for `changesSince`. A follower
   * further behind is told to read everything again. Default 100,000.
   */
  readonly maxTombstones?: number | undefined
}

export const defaultMaxTombstones = 100_000
