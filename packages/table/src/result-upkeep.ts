import {
  isFresh,
  rowsEqual,
  wholeTable,
  sourceSide,
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
  /** Whether this row was met before: then a change of it is news, and not only new to us. */
  hasMet(id: string): boolean
  /**
   * To be called once per applied batch, before anyone else hears of it.
   *
   * @param readKey - Where a reading brought the rows: the result that was read, `null` for none.
   */
  rowsChanged(change: CollectionChange, readKey?: string | null): void
  /**
   * The master told of rows that are as they are held: a reading may have been faster to bring them.
   * Returns whether a result had not taken account of one.
   */
  rowsConfirmed(ids: readonly string[]): boolean
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
  const { invalidate } = sourceSide(replica)
  const collection = replica.collection(table)
  const rulesByKey = new Map<string, { readonly master: Master; readonly rules: QueryRules }>()
  // The rows that each result is known to have taken account of, as they were then. What a result
  // of an earlier reading makes of a row that another reading brought is told by the master's next word.
  const accounted = new Map<string, Map<string, Row | undefined>>()
  // The confirmed rows at their last change, to tell a change from a pending write.
  const seen = new Map<string, Row | undefined>()

  const rules = (query: Query, key: string): QueryRules => {
    const master = options.master()
    const known = rulesByKey.get(key)
    if (known?.master === master) return known.rules
    const fresh = queryRules(master, query)
    if (rulesByKey.size >= maxRules) rulesByKey.clear()
    rulesByKey.set(key, { master, rules: fresh })
    return fresh
  }
  const results = (): readonly QueryCoverage[] => replica.coverages.ofTable(table).filter(isQueryCoverage)
  const accountOf = (key: string): Map<string, Row | undefined> => {
    const known = accounted.get(key) ?? new Map<string, Row | undefined>()
    accounted.set(key, known)
    return known
  }
  const valid = (): readonly QueryCoverage[] => results().filter(({ invalidated }) => !invalidated)

  const judge = (coverage: QueryCoverage, ids: readonly string[]): void => {
    if (ids.length === 0) return
    const asked = rules(coverage.query, coverage.key)
    const account = accountOf(coverage.key)
    const rowOf = (id: string): Row | undefined => collection.confirmed(id)
    let result: JudgedResult = { ids: coverage.ids, total: coverage.total, changed: false, stale: false }
    for (const id of ids) {
      const before: RowBefore = account.has(id) ? account.get(id) : 'unknown'
      const next = judgeChange(result, id, before, rowOf(id), asked, rowOf)
      result = { ...next, changed: result.changed || next.changed, stale: result.stale || next.stale }
      account.set(id, rowOf(id))
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
    if (stale || (changed && !fresh)) invalidate(table, coverage.key)
  }
  /** What only a pending write made, or did to a row, is no change. */
  const isConfirmedChange = (id: string): boolean => {
    const row = collection.confirmed(id)
    if (!seen.has(id)) {
      const meta = collection.meta(id)
      // What an earlier connection told of a row is no news when a pending write on it ends.
      return row === undefined ? !meta?.pending : meta?.verifiedEpoch === replica.epoch
    }
    const known = seen.get(id)
    // A row may be held in another object after an acknowledgement that said the same.
    return known === undefined || row === undefined
      ? known !== row
      : known !== row && !rowsEqual(known, row, collection.columns)
  }
  const forgetAll = (): void => {
    accounted.clear()
    seen.clear()
  }

  return {
    rules,
    hasMet: (id) => seen.has(id),
    rowsChanged({ ids }, readKey) {
      if (ids === 'all') {
        forgetAll()
        for (const { key } of results()) invalidate(table, key)
        return
      }
      if (results().length === 0) {
        accounted.clear()
        // A table that is held whole has no results, and would remember every row.
        if (!collection.complete)
          for (const id of ids) if (!collection.meta(id)?.pending) seen.set(id, collection.confirmed(id))
        return
      }
      const moved = ids.filter(isConfirmedChange)
      for (const coverage of valid()) {
        if (coverage.key === readKey) continue
        const account = accountOf(coverage.key)
        judge(coverage, readKey === undefined ? moved : moved.filter((id) => account.has(id)))
      }
      for (const id of moved) seen.set(id, collection.confirmed(id))
    },
    rowsConfirmed(ids) {
      let isNews = false
      for (const { key } of valid()) {
        const account = accountOf(key)
        for (const id of ids) {
          if (account.has(id)) continue
          isNews = true
          // What the one before made of the result.
          const coverage = replica.coverages.get(table, key)
          if (isQueryCoverage(coverage) && !coverage.invalidated) judge(coverage, [id])
        }
      }
      return isNews
    },
    rowsForgotten(ids) {
      for (const key of accounted.keys()) if (!replica.coverages.get(table, key)) accounted.delete(key)
      for (const id of ids) {
        seen.delete(id)
        for (const account of accounted.values()) account.delete(id)
      }
    },
    rowGone(id) {
      for (const coverage of valid()) {
        const account = accountOf(coverage.key)
        if (!account.has(id) || account.get(id) !== undefined) judge(coverage, [id])
      }
    },
    resultRead(coverage, crossed) {
      accounted.delete(coverage.key)
      if (crossed === 'all') return invalidate(table, coverage.key)
      const account = accountOf(coverage.key)
      for (const id of coverage.ids) {
        if (!crossed.has(id)) account.set(id, collection.confirmed(id))
        seen.set(id, collection.confirmed(id))
      }
      judge(coverage, [...crossed])
    },
    markAll() {
      for (const { key } of results()) invalidate(table, key)
    },
  }
}

/** Compiled queries kept; beyond it they are compiled again. */
const maxRules = 500

export function isQueryCoverage(coverage: Coverage | undefined): coverage is QueryCoverage {
  return (
    coverage !== undefined &&
    coverage.key !== wholeTable &&
    coverage.ids !== undefined &&
    coverage.query !== undefined
  )
}
