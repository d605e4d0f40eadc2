import type { AggregateSpec } from '../aggregate.ts'
import type { Filter, OrderTerm, Query } from '../query.ts'
import { randomBelow, type Random } from '../random.ts'
import type { ColumnTypes } from '../schema.ts'
import { datetime, decimal, type Row, type Value } from '../value.ts'

/** One change within a batch. A layer sets fields of whatever row is confirmed, or hides it. */
export type ViewsChange =
  | { readonly kind: 'put'; readonly id: string; readonly row: Row }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'layer'; readonly id: string; readonly set: Row | 'hide' }
  | { readonly kind: 'unlayer'; readonly id: string }
  | { readonly kind: 'complete'; readonly complete: boolean }

/** One step of a history of a collection and its live results. */
export type ViewsStep =
  | { readonly kind: 'batch'; readonly changes: readonly ViewsChange[] }
  | { readonly kind: 'load'; readonly rows: readonly (readonly [id: string, row: Row])[] }
  | { readonly kind: 'clear' }
  | { readonly kind: 'open'; readonly query: Query }
  | { readonly kind: 'total'; readonly filter: Filter | undefined; readonly spec: AggregateSpec }
  | { readonly kind: 'close'; readonly which: number }

export const viewsColumns: ColumnTypes = { price: 'decimal', at: 'datetime', score: 'float' }

/** Makes a history: few ids and values, so that ties, returns and value-identical writes are common. */
export function viewsHistory(random: Random): readonly ViewsStep[] {
  const pick = <T>(items: readonly [T, ...T[]]): T => items[randomBelow(random, items.length)] ?? items[0]
  // One history in 12 is large enough for several chunks of the ordered index.
  const ids = pick([6, 12, 12, 30, 30, 30, 30, 60, 60, 60, 60, 900])
  const steps: ViewsStep[] = []
  const length = ids === 900 ? 8 : 24
  if (ids === 900 || random.next() < 0.3) steps.push(load(random, ids))
  for (let at = 0; at < length; at++) {
    const roll = random.next()
    if (roll < 0.2) steps.push({ kind: 'open', query: query(random) })
    else if (roll < 0.25) steps.push(total(random))
    else if (roll < 0.3) steps.push({ kind: 'close', which: randomBelow(random, 8) })
    else if (roll < 0.33) steps.push(load(random, ids))
    else if (roll < 0.35) steps.push({ kind: 'clear' })
    else steps.push(batch(random, ids))
  }
  return steps
}

const spec: AggregateSpec = {
  count: { op: 'count' },
  sum: { op: 'sum', field: 'score' },
  paid: { op: 'sum', field: 'price' },
  first: { op: 'min', field: 'at' },
  last: { op: 'max', field: 'mixed' },
}

function pickFrom<T>(random: Random, items: readonly T[], otherwise: T): T {
  return items[randomBelow(random, items.length)] ?? otherwise
}

function idBelow(random: Random, ids: number): string {
  return `r${randomBelow(random, ids)}`
}

function load(random: Random, ids: number): ViewsStep {
  const count = randomBelow(random, ids) + 1
  return {
    kind: 'load',
    rows: Array.from({ length: count }, () => [idBelow(random, ids), row(random)] as const),
  }
}

function total(random: Random): ViewsStep {
  return { kind: 'total', filter: random.next() < 0.5 ? undefined : filter(random, 1), spec }
}

function batch(random: Random, ids: number): ViewsStep {
  const count = 1 + randomBelow(random, random.next() < 0.2 ? Math.min(200, ids) : 4)
  return { kind: 'batch', changes: Array.from({ length: count }, () => change(random, idBelow(random, ids))) }
}

function change(random: Random, id: string): ViewsChange {
  const roll = random.next()
  if (roll < 0.55) return { kind: 'put', id, row: row(random) }
  if (roll < 0.75) return { kind: 'remove', id }
  if (roll < 0.85) return { kind: 'layer', id, set: random.next() < 0.2 ? 'hide' : row(random) }
  if (roll < 0.97) return { kind: 'unlayer', id }
  return { kind: 'complete', complete: random.next() < 0.5 }
}

const fieldValues: { readonly [field: string]: readonly Value[] } = {
  score: [0, -0, 1, 2, 2.5, 0.1, 1e17, -1e17, NaN, Infinity, 3n, 9007199254740993n, '2.50', null],
  price: ['1.5', '1.50', decimal('1.500'), 1.5, '20', decimal('-3'), 7n, null],
  at: [
    new Date(0),
    '1970-01-01T00:00:00.000Z',
    datetime('1970-01-01T00:00:00.0000001Z'),
    new Date(1000),
    '1970-01-01T00:00:01+00:00',
    'soon',
    null,
  ],
  status: ['open', 'paid', 'void'],
  mixed: [true, false, 1, 'a', 'b', 'ab', [1], { a: 1 }, new Uint8Array([1]), null],
  address: [{ city: 'Bern' }, { city: 'Kiel' }, {}, 'Bern'],
}

function row(random: Random): Row {
  const entries = Object.entries(fieldValues)
    .filter(() => random.next() < 0.9)
    .map(([field, values]): [string, Value] => [field, pickFrom(random, values, null)])
  return Object.fromEntries(entries)
}

function value(random: Random, field: string): Value {
  return pickFrom(random, fieldValues[field] ?? ['Bern'], null)
}

const fields = ['score', 'score', 'price', 'at', 'status', 'mixed', 'address.city', 'constructor'] as const

function filter(random: Random, depth: number): Filter {
  const roll = random.next()
  const field = pickFrom(random, fields, 'score')
  if (roll < 0.2 && depth > 0) {
    const op = random.next() < 0.5 ? 'and' : 'or'
    return { op, filters: Array.from({ length: randomBelow(random, 3) }, () => filter(random, depth - 1)) }
  }
  if (roll < 0.3 && depth > 0) return { op: 'not', filter: filter(random, depth - 1) }
  if (roll < 0.4) return { op: 'in', field, values: [value(random, field), value(random, field)] }
  const op = pickFrom(random, ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const, 'eq')
  return { op, field, value: value(random, field) }
}

function query(random: Random): Query {
  const order: OrderTerm[] = Array.from({ length: randomBelow(random, 3) }, () => ({
    field: pickFrom(random, fields, 'score'),
    direction: random.next() < 0.5 ? 'asc' : 'desc',
  }))
  return {
    filter: random.next() < 0.4 ? undefined : filter(random, 2),
    order: order.length === 0 ? undefined : order,
    offset: random.next() < 0.6 ? undefined : randomBelow(random, 20),
    limit: random.next() < 0.3 ? undefined : randomBelow(random, 12),
  }
}
