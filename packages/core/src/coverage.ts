import type { CoverageUpdate, Seq } from './batch.ts'
import { rowKeyText } from './draft.ts'

/** The key of a coverage that means the whole table. */
export const wholeTable = 'all'

/** What a collection knows of one query, or of the whole table [R7]. */
export type Coverage = CoverageUpdate & {
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
  delete(table: string, key: string): void
  clear(): void
}

export function createCoverages(): Coverages {
  const byKey = new Map<string, Coverage>()
  return {
    get: (table, key) => byKey.get(rowKeyText(table, key)),
    ofTable: (table) => [...byKey.values()].filter((coverage) => coverage.table === table),
    set(coverage) {
      byKey.set(rowKeyText(coverage.table, coverage.key), coverage)
    },
    delete(table, key) {
      byKey.delete(rowKeyText(table, key))
    },
    clear: () => byKey.clear(),
  }
}

/** Whether a coverage can be served as fresh in this epoch. */
export function isFresh(coverage: Coverage, epoch: number): boolean {
  return coverage.epoch === epoch && !coverage.invalidated
}

