import { isFresh, wholeTable, type Query, type Row } from '@freshet/core'
import type { LiveCore } from './live-core.ts'
import { rowsTable } from './live-settings.ts'
import { evaluable } from './query-rules.ts'
import { isQueryCoverage, type QueryCoverage } from './result-upkeep.ts'

/** What is known of a query: ids and visible rows, in order. */
export type QueryAnswer = {
  readonly ids: readonly string[]
  readonly rows: readonly Row[]
  readonly total: number | undefined
  readonly fetchedAtUnixMs: number
  /** Read in the connection now, and nothing that was heard of since can have changed it. */
  readonly fresh: boolean
  readonly pending: boolean
}

/** Whether every row is held and the query means the same here as at the master [R8]. */
export function isLocal({ collection, master }: LiveCore, { filter, order = [] }: Query): boolean {
  return collection.complete && evaluable(master(), filter) && master().evaluates.order(order)
}

/** The known answer to a query, pending writes included; `undefined` when it was never read. */
export function answerQuery(core: LiveCore, query: Query, key: string): QueryAnswer | undefined {
  return isLocal(core, query) ? localAnswer(core, query, key) : resultAnswer(core, query, key)
}

/** Whether the known answer is as the master last said; `undefined` when it was never read. Cheaper than the answer. */
export function isAnswerFresh(core: LiveCore, query: Query, key: string): boolean | undefined {
  const { replica } = core
  const coverage = replica.coverages.get(rowsTable, isLocal(core, query) ? wholeTable : key)
  if (coverage === undefined) return undefined
  const epoch = core.settings.rules.staleResults ? replica.epoch : coverage.epoch
  return isFresh(coverage, epoch) && (coverage.key === wholeTable || core.isOwnResult(coverage))
}

function localAnswer(core: LiveCore, query: Query, key: string): QueryAnswer {
  const { replica, pendingIds, recentViews } = core
  const { rows, ids, total } = recentViews.of(key, query).snapshot()
  const whole = replica.coverages.get(rowsTable, wholeTable)
  return {
    ids,
    rows,
    total,
    fetchedAtUnixMs: replica.status.get().freshness.freshAtUnixMs ?? whole?.fetchedAtUnixMs ?? 0,
    fresh: isAnswerFresh(core, query, key) ?? false,
    pending: pendingIds.size > 0,
  }
}

function resultAnswer(core: LiveCore, query: Query, key: string): QueryAnswer | undefined {
  const { collection, replica } = core
  const coverage = replica.coverages.get(rowsTable, key)
  if (!isQueryCoverage(coverage)) return undefined
  const changed = [...core.pendingIds]
  const ids = changed.length === 0 ? coverage.ids : withPending(core, query, coverage, changed)
  const found = ids.flatMap((id): (readonly [string, Row])[] => {
    const row = collection.get(id)
    return row === undefined ? [] : [[id, row]]
  })
  return {
    ids: found.map(([id]) => id),
    rows: found.map(([, row]) => row),
    total: coverage.total,
    fetchedAtUnixMs: coverage.fetchedAtUnixMs,
    fresh: isAnswerFresh(core, query, key) ?? false,
    pending: changed.some((id) => ids.includes(id) || coverage.ids.includes(id)),
  }
}

/** The ids of a result with pending writes laid over it: rows enter, move and leave as far as that can be told here. */
function withPending(
  core: LiveCore,
  query: Query,
  coverage: QueryCoverage,
  changed: readonly string[],
): readonly string[] {
  const { collection } = core
  const { matches, compare, offset, limit } = core.upkeep.rules(query, coverage.key)
  let ids = coverage.ids
  for (const id of changed) {
    const row = collection.get(id)
    const was = ids.includes(id)
    const is = row !== undefined && (matches === undefined ? was : matches(row))
    if (!was && !is) continue
    if (was && is && compare === undefined) continue
    const rest = was ? ids.filter((other) => other !== id) : ids
    if (!is || row === undefined) {
      ids = rest
      continue
    }
    const at =
      compare === undefined ? rest.length : rest.findIndex((other) => isAfter(core, other, id, row, compare))
    const place = at < 0 ? rest.length : at
    // Before the first row of a later page it belongs to another page.
    if (!was && offset > 0 && place === 0) continue
    ids = rest.toSpliced(place, 0, id)
  }
  return limit === undefined ? ids : ids.slice(0, limit)
}

function isAfter(
  { collection }: LiveCore,
  other: string,
  id: string,
  row: Row,
  compare: (a: Row, idA: string, b: Row, idB: string) => number,
): boolean {
  const otherRow = collection.get(other)
  return otherRow !== undefined && compare(row, id, otherRow, other) < 0
}
