import { compilePredicate } from './predicate.ts'
import type { Filter, Query } from './query.ts'
import type { TableSpec } from './replica-tables.ts'
import { compileOrder } from './row-order.ts'
import type { ColumnTypes } from './schema.ts'
import type { Store, StoreIndex, StoreRange, StoreRecord } from './store.ts'
import type { Row, Value } from './value.ts'

/** Records looked at before giving up: by then loading everything is no slower. */
const maxLooked = 4_096

/**
 * The first window of a query, straight from the store's index, before the
 * rows are loaded: what a person sees first does not wait for all the rest [T7].
 *
 * Needs a declared index whose fields are those the filter fixes by `eq`
 * followed by those of the order, all in one direction.
 *
 * @returns The rows in the query's order, exactly as a view over all rows would
 *   give them; `undefined` when no index serves the query, or only by looking
 *   at too many rows.
 */
export async function readFirstWindow(
  store: Store,
  table: TableSpec,
  query: Query,
): Promise<readonly StoreRecord[] | undefined> {
  const { filter, order = [], offset = 0, limit = Infinity } = query
  const plan = planOf(table, query)
  const wanted = offset + limit
  if (!plan || wanted >= maxLooked) return undefined
  const matches = filter ? compilePredicate(filter, table.columns) : () => true
  const compare = compileOrder(order, table.columns)

  for (let look = wanted + 1; look <= maxLooked; look *= 4) {
    const records = await store.range(table.name, { ...plan.range, limit: look })
    const exhausted = records.length < look
    if (!sameKind(records, order)) return undefined
    const matching = records.filter(({ value }) => matches(value))
    matching.sort((a, b) => compare(a.value, a.id, b.value, b.id))
    const last = matching[wanted - 1]
    const beyond = records.at(-1)
    // Rows that tie with the last one may follow: taken in, how the store orders ties does not matter.
    // Without an order the store's own, by id, is the query's.
    const isBeyond =
      order.length === 0 ||
      (beyond !== undefined && last !== undefined && !ties(last.value, beyond.value, order))
    const settled = last !== undefined && isBeyond
    if (settled || exhausted) {
      if (exhausted && plan.nullsElsewhere && matching.length < wanted) return undefined
      return matching.slice(offset, wanted)
    }
  }
  return undefined
}

type Plan = { readonly range: StoreRange; readonly nullsElsewhere: boolean }

function planOf(table: TableSpec, { filter, order = [] }: Query): Plan | undefined {
  const [first] = order
  if (!first) return { range: {}, nullsElsewhere: false }
  if (order.some(({ direction }) => direction !== first.direction)) return undefined
  const fixed = fixedFields(filter, table.columns ?? {})
  const index = table.indexes?.find((candidate) => serves(candidate, order, fixed))
  if (!index) return undefined
  const prefix = index.fields
    .slice(0, index.fields.length - order.length)
    .map((field) => fixed.get(field) ?? null)
  const reverse = first.direction === 'desc'
  const range: StoreRange = { index: index.name, lower: prefix, upper: prefix, reverse }
  if (reverse) return { range, nullsElsewhere: false }
  // Ascending, the store has null first and a view has it last.
  return { range: { ...range, lower: [...prefix, null], lowerInclusive: false }, nullsElsewhere: true }
}

function serves(
  index: StoreIndex,
  order: NonNullable<Query['order']>,
  fixed: ReadonlyMap<string, Value>,
): boolean {
  const head = index.fields.slice(0, index.fields.length - order.length)
  const tail = index.fields.slice(head.length)
  return (
    tail.length === order.length &&
    tail.every((field, at) => order[at]?.field === field) &&
    head.every((field) => fixed.has(field))
  )
}

/** The fields a filter fixes to one plain value, whose equality here and in the store is the same. */
function fixedFields(filter: Filter | undefined, columns: ColumnTypes): ReadonlyMap<string, Value> {
  if (!filter) return new Map()
  if (filter.op === 'and') return new Map(filter.filters.flatMap((part) => [...fixedFields(part, columns)]))
  if (filter.op !== 'eq') return new Map()
  const { field, value } = filter
  // A text in a typed column may equal values of other kinds, which have other keys.
  const plainText = typeof value === 'string' && ['any', 'text'].includes(columns[field] ?? 'any')
  const plain = plainText || typeof value === 'number' || typeof value === 'boolean'
  return plain ? new Map([[field, value]]) : new Map()
}

/** Whether the ordered fields hold values of one plain kind each, which store and view order alike. */
function sameKind(records: readonly StoreRecord[], order: NonNullable<Query['order']>): boolean {
  return order.every(({ field }) => {
    const kinds = new Set(records.map(({ value }) => typeof (value[field] ?? null)))
    kinds.delete('object')
    const plain = records.every(({ value }) => typeof (value[field] ?? 0) !== 'object')
    return plain && kinds.size <= 1
  })
}

function ties(a: Row, b: Row, order: NonNullable<Query['order']>): boolean {
  return order.every(({ field }) => (a[field] ?? null) === (b[field] ?? null))
}
