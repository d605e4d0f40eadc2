/** One measured claim. Whether it holds is decided by `measured` and `bound` alone. */
export type BenchRow = {
  /** What was measured, with its unit when it is no ratio: `hot change p50, times the limit`. */
  readonly name: string
  readonly measured: number
  readonly bound: number
  /** `lower`: holds while measured ≤ bound. `higher`: holds while measured ≥ bound. */
  readonly better: 'lower' | 'higher'
  readonly holds: boolean
  /** Absolute figures and sizes behind the ratio, for people. */
  readonly note?: string | undefined
}

/** What a file `bench/<area>/<name>.bench.ts` exports as `run`. It runs alone in a fresh process. */
export type BenchRun = () => Promise<readonly BenchRow[]>

/** Judges a figure against its bound. A figure that is not a number never holds. */
export function benchRow(claim: Omit<BenchRow, 'holds'>): BenchRow {
  const { measured, bound, better } = claim
  return { ...claim, holds: better === 'lower' ? measured <= bound : measured >= bound }
}
