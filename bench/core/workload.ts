import type { Query, Random, Row } from '@freshet/core'
import { randomBelow } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'

/** A row of the published comparison: about 390 B with a 200 B payload. */
export type BenchItem = Row & {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly score: number
  readonly status: string
  readonly updatedAt: number
  readonly payload: string
}

export type Change = { readonly id: string; readonly row: BenchItem }

/** A change, and the 50 rows that a subscriber must hold after it. */
export type HotStep = Change & { readonly expected: readonly BenchItem[] }

export const windowRows = 50
const threshold = 2 ** 29
const statuses = ['open', 'paid', 'done', 'void', 'held'] as const

/** `status == open and score > 2^29 order by score desc limit 50`: one row in ten matches. */
export const liveQuery: Query = {
  filter: {
    op: 'and',
    filters: [
      { op: 'eq', field: 'status', value: 'open' },
      { op: 'gt', field: 'score', value: threshold },
    ],
  },
  order: [{ field: 'score', direction: 'desc' }],
  limit: windowRows,
}

export function matches(row: BenchItem): boolean {
  return row.status === 'open' && row.score > threshold
}

/** Ascending by score, of equal scores the later id first: the live query's order from its end. */
export function compareAscending(a: BenchItem, b: BenchItem): number {
  if (a.score !== b.score) return a.score - b.score
  if (a.id === b.id) return 0
  return a.id < b.id ? 1 : -1
}

/** Rows as they come from a wire: a JSON round trip makes flat strings. */
export function makeRows(count: number, random: Random): BenchItem[] {
  const rows = Array.from({ length: count }, (_, at) => ({
    id: `rec-${String(at).padStart(8, '0')}`,
    name: `Name ${at}`,
    owner: `owner-${randomBelow(random, 200)}`,
    score: randomBelow(random, 2 ** 30),
    status: statuses[randomBelow(random, statuses.length)],
    updatedAt: 1_700_000_000 + at,
    payload: `${at}`.padEnd(200, 'x'),
  }))
  // What was just written as such rows.
  return rows.map((row) => JSON.parse(JSON.stringify(row)) as BenchItem)
}

/** The rows as a workload leaves them, and an oracle of the window kept in the plainest way. */
export class Workload {
  readonly random: Random
  readonly rows: BenchItem[]
  readonly #matching: BenchItem[]

  constructor(count: number, seed: number) {
    this.random = createSeededRandom(seed)
    this.rows = makeRows(count, this.random)
    this.#matching = this.rows.filter(matches).sort(compareAscending)
  }

  /** The rows that the live query must show. */
  window(): readonly BenchItem[] {
    return this.#matching.slice(-windowRows).reverse()
  }

  /** Random rows get a new score and, one in five, a new status. */
  uniform(count: number): Change[] {
    return Array.from({ length: count }, () => {
      const old = this.#any()
      const score = randomBelow(this.random, 2 ** 30)
      const status = this.random.next() < 0.2 ? (statuses[randomBelow(this.random, 5)] ?? 'open') : old.status
      return this.#change({ ...old, score, status, updatedAt: old.updatedAt + 1 })
    })
  }

  /** Alternately a row enters the window, and one leaves it so that it must refill. */
  hot(count: number): HotStep[] {
    return Array.from({ length: count }, (_, at) => {
      const row = at % 2 === 0 ? this.entering() : this.#leaving()
      return { ...this.#change(row), expected: this.window() }
    })
  }

  /** What a row outside the window would be inside it. */
  entering(): BenchItem {
    const window = this.window()
    const inside = new Set(window)
    let old = this.#any()
    while (inside.has(old)) old = this.#any()
    const target = window[randomBelow(this.random, window.length)] ?? old
    return { ...old, status: 'open', score: target.score + 1, updatedAt: old.updatedAt + 1 }
  }

  #leaving(): BenchItem {
    const window = this.window()
    const old = window[randomBelow(this.random, window.length)] ?? this.#any()
    return { ...old, status: 'done', updatedAt: old.updatedAt + 1 }
  }

  #any(): BenchItem {
    const row = this.rows[randomBelow(this.random, this.rows.length)]
    if (row === undefined) throw new Error('A workload needs rows.')
    return row
  }

  #change(row: BenchItem): Change {
    const at = Number(row.id.slice(4))
    const old = this.rows[at]
    if (old !== undefined && matches(old)) this.#matching.splice(this.#matching.lastIndexOf(old), 1)
    this.rows[at] = row
    if (matches(row)) {
      const before = this.#matching.findLastIndex((other) => compareAscending(other, row) < 0)
      this.#matching.splice(before + 1, 0, row)
    }
    return { id: row.id, row }
  }
}
