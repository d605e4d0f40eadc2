import {
  isFresh,
  wholeTable,
  type CollectionChange,
  type Coverage,
  type Query,
  type Replica,
  type Row,
} from '@freshet/core'
import { judgeChange, type JudgedResult, type RowBefore } from './membership.ts'
import type { Master } from './master.ts'
import { queryRules, type QueryRules } from './query-rules.ts'

/** A coverage of one query, as against that of the whole table. */
export type QueryCoverage = Coverage & { readonly ids: readonly string[]; readonly query: Query }

/** Keeps what is known of queries right while rows change [R8]. */
export type ResultUpkeep = {
  /** Whether a result has met this row: then a change of it is news, and not only new to us. */
  hasMet(id: string): boolean
  /** To be called once per applied batch, before anyone else hears of it. */
  rowsChanged(change: CollectionChange): void
  /** Rows were read for the first time: that moves no result. */
  rowsLearned(ids: readonly string[]): void
  /** Rows left memory: met again, they are new to us. */
  rowsForgotten(ids: readonly string[]): void
  /** A row that is not held is gone at the master. */
  rowGone(id: string): void
  /** A result was read: `crossed` are the ids that changed while it was on its way. */
  resultRead(coverage: QueryCoverage, crossed: ReadonlySet<string> | 'all'): void
  /** Nothing can be told but that rows changed: all results must be read again. */
  markAll(): void
  rules(query: Query, key: string): QueryRules
}

export function createResultUpkeep(options: {
  readonly replica: Replica
  readonly table: string
  master(): Master
}): ResultUpkeep {
  const { replica, table } = options
  const collection = replica.collection(table)
  const rulesByKey = new Map<string, { readonly master: Master; readonly rules: QueryRules }>()
  // The confirmed rows as the results were last judged with; only of rows that results have met.
  const judged = new Map<string, Row | undefined>()

  const rules = (query: Query, key: string): QueryRules => {
    const master = options.master()
    const known = rulesByKey.get(key)
    if (known?.master === master) return known.rules
    const fresh = queryRules(master, query)
    rulesByKey.set(key, { master, rules: fresh })
    return fresh
  }
  const results = (): readonly QueryCoverage[] => replica.coverages.ofTable(table).filter(isQueryCoverage)

  const judge = (
    coverage: QueryCoverage,
    ids: readonly string[],
    before: (id: string) => RowBefore,
  ): void => {
    const asked = rules(coverage.query, coverage.key)
    let result: JudgedResult = { ids: coverage.ids, total: coverage.total, changed: false, stale: false }
    for (const id of ids) {
      const next = judgeChange(result, id, before(id), collection.confirmed(id), asked, (other) =>
        collection.confirmed(other),
      )
      result = { ...next, changed: result.changed || next.changed, stale: result.stale || next.stale }
    }
    if (ids.length > 1 && result.changed) result = inOrder(result, asked)
    keepResult(coverage, result)
  }
  /** Rows that moved in the same batch were placed among each other's old places: sort once. */
  const inOrder = (result: JudgedResult, { compare, limit, offset }: QueryRules): JudgedResult => {
    if (compare === undefined) return { ...result, stale: true }
    const rows = result.ids.flatMap((id) => {
      const row = collection.confirmed(id)
      return row === undefined ? [] : [{ id, row }]
    })
    const ids = rows.toSorted((a, b) => compare(a.row, a.id, b.row, b.id)).map(({ id }) => id)
    return { ...result, ids, stale: result.stale || limit !== undefined || offset > 0 }
  }
  const keepResult = (coverage: QueryCoverage, { ids, total, changed, stale }: JudgedResult): void => {
    const fresh = isFresh(coverage, replica.epoch)
    if (changed && fresh) {
      const { key, query, complete, fetchedAtUnixMs } = coverage
      const update = { table, key, query, complete, fetchedAtUnixMs, ids, total }
      replica.apply({ kind: 'state', startedAt: 'live', facts: [], covers: [update] })
    }
    if (stale || (changed && !fresh)) replica.invalidate(table, coverage.key)
  }

  return {
    rules,
    hasMet: (id) => judged.has(id),
    rowsLearned(ids) {
      for (const id of ids) judged.set(id, collection.confirmed(id))
    },
    rowsForgotten(ids) {
      for (const id of ids) judged.delete(id)
    },
    rowsChanged({ ids }) {
      const known = results()
      if (known.length === 0) return judged.clear()
      if (ids === 'all') {
        judged.clear()
        for (const { key } of known) replica.invalidate(table, key)
        return
      }
      // Only confirmed rows decide; a pending write is laid over the answer.
      const moved = ids.filter((id) => {
        const row = collection.confirmed(id)
        // What only a pending write made is no row yet.
        if (!judged.has(id)) return row !== undefined || !collection.meta(id)?.pending
        return judged.get(id) !== row
      })
      const before = (id: string): RowBefore => (judged.has(id) ? judged.get(id) : 'unknown')
      if (moved.length > 0) {
        for (const coverage of known) if (!coverage.invalidated) judge(coverage, moved, before)
      }
      for (const id of moved) judged.set(id, collection.confirmed(id))
    },
    rowGone(id) {
      for (const coverage of results()) if (!coverage.invalidated) judge(coverage, [id], () => 'unknown')
    },
    resultRead(coverage, crossed) {
      const moved = crossed === 'all' ? [] : [...crossed]
      if (moved.length > 0) judge(coverage, moved, () => 'unknown')
      if (crossed === 'all') replica.invalidate(table, coverage.key)
      for (const id of coverage.ids) judged.set(id, collection.confirmed(id))
    },
    markAll() {
      for (const { key } of results()) replica.invalidate(table, key)
    },
  }
}

export function isQueryCoverage(coverage: Coverage | undefined): coverage is QueryCoverage {
  return (
    coverage !== undefined &&
    coverage.key !== wholeTable &&
    coverage.ids !== undefined &&
    coverage.query !== undefined
  )
}
