import {
  compileOrder,
  compilePredicate,
  type Filter,
  type Predicate,
  type Query,
  type Row,
  type RowComparator,
  valuesEqual,
} from '@freshet/core'
import { columnType, rowTypes } from './master-schema.ts'
import type { Master } from './master.ts'

/** What of a query can be decided here, with the same result as at the master [R8]. */
export type QueryRules = {
  /** Absent where only the master can tell. */
  readonly matches: Predicate | undefined
  /** Absent where only the master can tell. */
  readonly compare: RowComparator | undefined
  /** Whether a row of the query's result stays in it and in its place when it becomes another. */
  sameFilterFields(a: Row, b: Row): boolean
  sameOrderFields(a: Row, b: Row): boolean
  readonly offset: number
  readonly limit: number | undefined
}

export function queryRules(master: Master, { filter, order = [], offset = 0, limit }: Query): QueryRules {
  const types = rowTypes(master.schema)
  const filterFields = filter === undefined ? [] : fieldsOf(filter)
  const orderFields = order.map(({ field }) => field)
  const same = (fields: readonly string[], a: Row, b: Row): boolean =>
    fields.every((field) => {
      const [left, right] = [valueAt(a, field), valueAt(b, field)]
      if (left === undefined || right === undefined) return left === right
      return valuesEqual(left, right, columnType(master.schema, field))
    })
  return {
    matches: evaluable(master, filter) ? compilePredicate(filter, types) : undefined,
    compare: master.evaluates.order(order) ? compileOrder(order, types) : undefined,
    sameFilterFields: (a, b) => same(filterFields, a, b),
    sameOrderFields: (a, b) => same(orderFields, a, b),
    offset,
    limit,
  }
}

/** Whether the query means the same on a complete local copy as at the master. */
export function evaluable(master: Master, filter: Filter | undefined): boolean {
  return filter === undefined || master.evaluates.filter(filter)
}

function fieldsOf(filter: Filter): readonly string[] {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(fieldsOf)
    case 'not':
      return fieldsOf(filter.filter)
    case 'eq':
    case 'neq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
    case 'contains':
    case 'in':
      return [filter.field]
  }
}

/** The whole of what a path leads into: enough to see that nothing under it changed. */
function valueAt(row: Row, field: string): Row[string] | undefined {
  if (Object.hasOwn(row, field)) return row[field]
  const [head = field] = field.split('.')
  return Object.hasOwn(row, head) ? row[head] : undefined
}
