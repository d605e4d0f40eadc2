import type { Row } from '@freshet/core'
import type { QueryRules } from './query-rules.ts'

/** What is known of a query's result: the ids of its window in order, and how many match in all. */
export type KnownResult = { readonly ids: readonly string[]; readonly total: number | undefined }

/** A result after one row changed. `stale`: the window must be read again; `ids` is the best guess until then. */
export type JudgedResult = KnownResult & { readonly changed: boolean; readonly stale: boolean }

export type RowBefore = Row | undefined | 'unknown'

/**
 * What the change of one row does to a query's result [R8].
 *
 * Where filter and order mean the same here as at the master, the row is put
 * in, moved or taken out. Else, and where a window must be refilled with rows
 * that are not known, the result is marked to be read again.
 */
export function judgeChange(
  result: KnownResult,
  id: string,
  before: RowBefore,
  after: Row | undefined,
  rules: QueryRules,
  rowOf: (id: string) => Row | undefined,
): JudgedResult {
  const windowed = rules.limit !== undefined || rules.offset > 0
  const judge = result.ids.includes(id) ? judgeMember : judgeStranger
  const judged = judge({ result, id, before, after, rules, rowOf, windowed })
  // Without a window the ids are all that match.
  return windowed || judged.total === undefined ? judged : { ...judged, total: judged.ids.length }
}

type Change = {
  readonly result: KnownResult
  readonly id: string
  readonly before: RowBefore
  readonly after: Row | undefined
  readonly rules: QueryRules
  readonly windowed: boolean
  rowOf(id: string): Row | undefined
}

/** The row was in the window. */
function judgeMember(change: Change): JudgedResult {
  const { result, id, before, after, rules, windowed } = change
  const stays = matchesNow(change)
  if (stays === undefined) return stale(result)
  if (!stays || after === undefined) {
    const ids = result.ids.filter((other) => other !== id)
    return {
      ids,
      total: result.total === undefined ? undefined : result.total - 1,
      changed: true,
      stale: windowed,
    }
  }
  if (before !== 'unknown' && before !== undefined && rules.sameOrderFields(before, after))
    return keep(result)
  if (rules.compare === undefined) return stale(result)
  const rest = result.ids.filter((other) => other !== id)
  const at = placeOf(change, after, rest)
  if (result.ids[at] === id)
    return windowed && atAnEdge(change, at, result.ids.length) ? stale(result) : keep(result)
  const ids = rest.toSpliced(at, 0, id)
  return { ids, total: result.total, changed: true, stale: windowed && atAnEdge(change, at, ids.length) }
}

/** The row was not in the window: it may come in, or shift what is in it. */
function judgeStranger(change: Change): JudgedResult {
  const { result, before, after, rules, windowed } = change
  const { matches } = rules
  const known = before !== 'unknown' && before !== undefined
  if (after !== undefined && matches === undefined) {
    const unmoved = known && rules.sameFilterFields(before, after) && rules.sameOrderFields(before, after)
    return unmoved ? keep(result) : stale(result)
  }
  const was = before === undefined ? false : known ? matches?.(before) : undefined
  const is = after !== undefined && (matches === undefined || matches(after))
  if (is && after !== undefined) return judgeNewcomer(change, after, was)
  // Without a window every match is among the ids: one that is not did not match.
  if (was === false || !windowed) return keep(result)
  if (was === undefined && result.total !== undefined) return stale(result)
  const total = result.total === undefined ? undefined : result.total - 1
  return { ids: result.ids, total, changed: true, stale: rules.offset > 0 }
}

/** The row matches and is not in the window: it comes in, or lies outside. */
function judgeNewcomer(change: Change, after: Row, was: boolean | undefined): JudgedResult {
  const { result, id, before, rules, windowed } = change
  const { compare, limit, offset } = rules
  const known = before !== 'unknown' && before !== undefined
  if (windowed && was === true && known && rules.sameOrderFields(before, after)) return keep(result)
  if (compare === undefined || offset > 0) return stale(result)
  const at = placeOf(change, after, result.ids)
  const total = was === true || result.total === undefined ? result.total : result.total + 1
  const unsureTotal = windowed && was === undefined && result.total !== undefined
  const full = limit !== undefined && result.ids.length >= limit
  const ids = at === result.ids.length && full ? result.ids : result.ids.toSpliced(at, 0, id).slice(0, limit)
  return { ids, total, changed: true, stale: unsureTotal }
}

function matchesNow({ before, after, rules }: Change): boolean | undefined {
  if (after === undefined) return false
  if (rules.matches !== undefined) return rules.matches(after)
  // Only the master can tell, unless nothing the filter looks at has changed.
  const known = before !== 'unknown' && before !== undefined && rules.sameFilterFields(before, after)
  return known ? true : undefined
}

/** At the end of a full window, or at the start of a later one, the neighbour outside is not known. */
function atAnEdge({ rules }: Change, at: number, count: number): boolean {
  return (
    (at === count - 1 && rules.limit !== undefined && count >= rules.limit) || (at === 0 && rules.offset > 0)
  )
}

function placeOf({ id, rules, rowOf }: Change, row: Row, ids: readonly string[]): number {
  const { compare } = rules
  if (compare === undefined) return ids.length
  const at = ids.findIndex((other) => {
    const otherRow = rowOf(other)
    return otherRow !== undefined && compare(row, id, otherRow, other) < 0
  })
  return at < 0 ? ids.length : at
}

function keep(result: KnownResult): JudgedResult {
  return { ...result, changed: false, stale: false }
}

function stale(result: KnownResult): JudgedResult {
  return { ...result, changed: false, stale: true }
}
