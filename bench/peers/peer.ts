import type { BenchItem, Change } from '../core/workload.ts'

/** One library with the live query of the workload open, as its users would hold it. */
export interface Peer {
  /** What it was given to make its best: indexes, options. */
  readonly setUp: string
  /** Whether rows of one score come in the order of their ids; else in any. */
  readonly tiesById: boolean
  /** Fills it, the query open. Resolves when the window is there. */
  load(rows: readonly BenchItem[]): Promise<void>
  /** A change that came from the remote. */
  apply(change: Change): void
  /** The user's own change, and its undoing. Absent where the library has no such thing. */
  readonly optimistic?:
    | {
        show(change: Change): void
        undo(): void
      }
    | undefined
  /** The rows that a subscriber holds now. */
  window(): readonly Pick<BenchItem, 'id' | 'score'>[]
  close(): void
}
