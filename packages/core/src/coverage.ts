import type { CoverageUpdate, Seq } from './batch.ts'
import { rowKeyText } from './draft.ts'

/** The key of a coverage that means the whole table. */
export const wholeTable = 'all'

/** What a collection knows of one query, or of the whole table [R7]. */
export type Coverage = Omit<CoverageUpdate, 'since'> & {
  /** The connection in which it was read; an older one may have missed changes. */
  readonly epoch: number
  readonly fetchedAtUnixMs: number
  readonly seq: Seq
  /** A change since may have moved rows in or out of it. */
  readonly invalidated: boolean
}

export type Coverages = {
  get(table: string, key: string): Coverage | undefined
  ofTable(table: string): readonly Coverage[]
  set(coverage: Coverage): void
  /** Notes that a change may have moved rows in or out; the coverage as it is now, if that is news. */
  invalidate(table: string, key: string, seq: Seq): Coverage | undefined
  /** When that was last noted; 0 for never. */
  invalidatedAt(table: string, key: string): Seq
  delete(table: string, key: string): void
  clear(): void
}

export function createCoverages(): Coverages {
  const byKey = new Map<string, Coverage>()
  // Also of what is not known yet: the first read of it may be on its way [R6].
  const invalidations = new Map<string, Seq>()
  return {
    get: (table, key) => byKey.get(rowKeyText(table, key)),
    ofTable: (table) => [...byKey.values()].filter((coverage) => coverage.table === table),
    set(coverage) {
      const key = rowKeyText(coverage.table, coverage.key)
      byKey.set(key, coverage)
      if (!coverage.invalidated) invalidations.delete(key)
    },
    invalidate(table, key, seq) {
      const text = rowKeyText(table, key)
      invalidations.set(text, seq)
      const coverage = byKey.get(text)
      if (!coverage || coverage.invalidated) return undefined
      const invalidated = { ...coverage, invalidated: true }
      byKey.set(text, invalidated)
      return invalidated
    },
    invalidatedAt: (table, key) => invalidations.get(rowKeyText(table, key)) ?? 0,
    delete(table, key) {
      byKey.delete(rowKeyText(table, key))
    },
    clear() {
      byKey.clear()
      invalidations.clear()
    },
  }
}

/** Whether a coverage can be served as fresh in this epoch. */
export function isFresh(coverage: Coverage, epoch: number): boolean {
  return coverage.epoch === epoch && !coverage.invalidated
}
