import type { Filter, OrderTerm, Query } from './query.ts'
import { isRecord, Tagged, type Value } from './value.ts'

/**
 * One text per meaning of a query: equal for queries that differ only in the
 * order, nesting or repetition of their conditions; different for any two that
 * could answer differently.
 */
export function queryKey(query: Query): string {
  return `${filterKey(query.filter)}|${orderKey(query.order)}|${query.offset ?? 0}|${query.limit ?? ''}`
}

/** The filter's part of `queryKey`. */
export function filterKey(filter: Filter | undefined): string {
  if (filter === undefined) return 'and()'
  switch (filter.op) {
    case 'and':
    case 'or':
      return groupKey(filter.op, filter.filters)
    case 'not':
      return filter.filter.op === 'not' ? filterKey(filter.filter.filter) : `not(${filterKey(filter.filter)})`
    case 'in':
      return `in(${JSON.stringify(filter.field)},${unique(filter.values.map(valueKey))})`
    default:
      return `${filter.op}(${JSON.stringify(filter.field)},${valueKey(filter.value)})`
  }
}

/** The order's part of `queryKey`. A field named again says nothing new. */
export function orderKey(order: readonly OrderTerm[] = []): string {
  const first = order.filter((term, at) => order.findIndex(({ field }) => field === term.field) === at)
  return first.map((term) => `${JSON.stringify(term.field)} ${term.direction}`).join()
}

/** One text per value; values of different kinds have different texts. */
export function valueKey(value: Value): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return objectKey(value)
    default:
      return String(value)
  }
}

function groupKey(op: 'and' | 'or', filters: readonly Filter[]): string {
  const parts = [...new Set(filters.flatMap((filter) => flat(op, filter)).map(filterKey))].sort()
  return parts.length === 1 ? (parts[0] ?? '') : `${op}(${parts.join()})`
}

/** The conditions of nested groups of the same kind. */
function flat(op: 'and' | 'or', filter: Filter): readonly Filter[] {
  return filter.op === op ? filter.filters.flatMap((part) => flat(op, part)) : [filter]
}

function unique(keys: readonly string[]): string {
  return [...new Set(keys)].sort().join()
}

function objectKey(value: Value & (object | null)): string {
  if (value === null) return 'null'
  if (value instanceof Date) return `date(${value.getTime()})`
  if (value instanceof Uint8Array) return `bytes(${value.join()})`
  if (value instanceof Tagged) return `${value.tag}(${JSON.stringify(value.text)})`
  if (!isRecord(value)) return `[${value.map(valueKey).join()}]`
  const fields = Object.keys(value).sort()
  return `{${fields.map((field) => `${JSON.stringify(field)}:${valueKey(value[field] ?? null)}`).join()}}`
}
