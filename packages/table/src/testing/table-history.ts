import { randomBelow, type Query, type Random, type Row } from '@freshet/core'
import type { MasterVariety } from './varied-master.ts'

/** One step of a history. Plain data, so that a history can be printed, shrunk and run again. */
export type TableStep =
  | { readonly kind: 'theirs'; readonly write: TableWrite }
  | {
      readonly kind: 'ours'
      readonly client: number
      readonly write: TableWrite
      readonly wait: 'remote' | 'local'
    }
  | {
      readonly kind: 'list'
      readonly client: number
      readonly query: number
      readonly mode: 'cache-first' | 'stale-while-revalidate' | 'network'
    }
  | { readonly kind: 'get'; readonly client: number; readonly id: string }
  | { readonly kind: 'view'; readonly client: number; readonly query: number }
  | { readonly kind: 'invalidate'; readonly client: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'outage'; readonly ms: number }
  /** The process ends as it should, and starts again. */
  | { readonly kind: 'restart'; readonly client: number }
  /** The process dies: what it had in memory only is lost. */
  | { readonly kind: 'kill'; readonly client: number }

export type TableWrite =
  | { readonly op: 'insert' | 'replace'; readonly id: string; readonly row: Row }
  | { readonly op: 'patch'; readonly id: string; readonly set: Row; readonly guard?: Row }
  | { readonly op: 'delete'; readonly id: string }
  | { readonly op: 'deleteAll'; readonly above: number }
  | { readonly op: 'make'; readonly row: Row }

/** What the master can do, and how badly the connection to it behaves. */
export type TableHistory = MasterVariety & {
  readonly preload: boolean
  readonly stored: boolean
  /** Tabs that share the store; without one there is one client. */
  readonly clients: number
  readonly prefix: boolean
  readonly maxLatencyMs: number
  readonly faulty: boolean
  readonly before: readonly TableWrite[]
  readonly steps: readonly TableStep[]
}

/** The queries a history reads: whole, filtered, ordered, and pages of them. */
export const historyQueries: readonly Query[] = [
  {},
  { filter: { op: 'gt', field: 'a', value: 1 } },
  { order: [{ field: 'a', direction: 'desc' }] },
  { limit: 2 },
  { offset: 2, limit: 2 },
  { filter: { op: 'eq', field: 'b', value: 0 }, order: [{ field: 'a', direction: 'asc' }], limit: 2 },
  {
    order: [
      { field: 'b', direction: 'desc' },
      { field: 'a', direction: 'asc' },
    ],
    offset: 1,
    limit: 3,
  },
]

export function makeTableHistory(random: Random): TableHistory {
  const chance = (probability: number): boolean => random.next() < probability
  const stored = chance(0.5)
  const preload = chance(0.4)
  return {
    preload,
    stored,
    clients: stored && preload && chance(0.5) ? 2 : 1,
    prefix: chance(0.15),
    versions: chance(0.4),
    opEcho: chance(0.5),
    returnedRow: chance(0.7),
    touchedOnly: chance(0.35),
    lossless: chance(0.6),
    evaluates: chance(0.6),
    maxLatencyMs: pick(random, [0, 0, 5, 50, 400]),
    faulty: chance(0.5),
    before: Array.from({ length: 2 + randomBelow(random, 5) }, () => makeWrite(random, true)),
    steps: Array.from({ length: 3 + randomBelow(random, 14) }, () => makeSteps(random, stored)).flat(),
  }
}

function makeSteps(random: Random, stored: boolean): readonly TableStep[] {
  const roll = random.next()
  const client = randomBelow(random, 2)
  if (roll < 0.8) return [makeStep(random, client, stored)]
  const wait: TableStep = { kind: 'wait', ms: pick(random, [0, 1, 5, 30, 200]) }
  const theirs: TableStep = { kind: 'theirs', write: makeWrite(random, true) }
  // A page that a change crosses, and a write of ours that one of theirs crosses.
  if (roll < 0.92) {
    const query = randomBelow(random, historyQueries.length)
    const list: TableStep = { kind: 'list', client, query, mode: 'network' }
    return [{ kind: 'wait', ms: 700 }, list, wait, theirs, wait]
  }
  const ours: TableStep = { kind: 'ours', client, write: makeWrite(random, false), wait: 'remote' }
  return [ours, wait, theirs, wait]
}

function makeStep(random: Random, client: number, stored: boolean): TableStep {
  const roll = random.next()
  if (roll < 0.24) return { kind: 'theirs', write: makeWrite(random, true) }
  if (roll < 0.46) {
    const wait = random.next() < 0.7 ? 'remote' : 'local'
    return { kind: 'ours', client, write: makeWrite(random, false), wait }
  }
  if (roll < 0.58) {
    const mode = pick(random, ['cache-first', 'cache-first', 'stale-while-revalidate', 'network'] as const)
    return { kind: 'list', client, query: randomBelow(random, historyQueries.length), mode }
  }
  if (roll < 0.64) return { kind: 'get', client, id: makeId(random) }
  if (roll < 0.7) return { kind: 'view', client, query: randomBelow(random, historyQueries.length) }
  if (roll < 0.72) return { kind: 'invalidate', client }
  if (roll < 0.88) return { kind: 'wait', ms: pick(random, [0, 1, 10, 100, 700]) }
  if (roll < 0.92) return { kind: 'cut' }
  if (roll < 0.95) return { kind: 'outage', ms: pick(random, [10, 300, 3_000]) }
  if (!stored) return { kind: 'wait', ms: 30 }
  return { kind: roll < 0.975 ? 'restart' : 'kill', client }
}

function makeWrite(random: Random, theirs: boolean): TableWrite {
  const roll = random.next()
  const id = makeId(random)
  if (roll < 0.25) return { op: 'insert', id, row: makeRow(random) }
  if (roll < 0.45) return { op: 'replace', id, row: makeRow(random) }
  if (roll < 0.75) {
    const field = random.next() < 0.5 ? 'a' : 'b'
    // Few values, so that many a write changes nothing and gives no echo.
    const set = { [field]: randomBelow(random, 3) }
    return theirs || random.next() < 0.6
      ? { op: 'patch', id, set }
      : { op: 'patch', id, set, guard: { a: randomBelow(random, 3) } }
  }
  if (roll < 0.93) return { op: 'delete', id }
  return roll < 0.97
    ? { op: 'deleteAll', above: randomBelow(random, 3) }
    : { op: 'make', row: makeRow(random) }
}

function makeRow(random: Random): Row {
  return { a: randomBelow(random, 3), b: randomBelow(random, 3) }
}

function makeId(random: Random): string {
  return `row${randomBelow(random, 6)}`
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[randomBelow(random, choices.length)]
  if (chosen === undefined) throw new RangeError('Nothing to choose from.')
  return chosen
}
