import { usageError } from './errors.ts'
import type { Filter, OrderTerm, Query } from './query.ts'
import { compilePredicate } from './predicate.ts'
import { queryWindow } from './query-window.ts'
import { maxDepth } from './order-text.ts'
import { isRecord, Tagged, type Value } from './value.ts'

/**
 * One text per meaning of a query: equal for queries that differ only in the
 * order, nesting or repetition of their conditions; different for any two that
 * could answer differently.
 *
 * @throws {FreshetError} `query/bad-filter`, `query/bad-window`: no query at all.
 */
export function queryKey(query: Query): string {
  const { offset, limit } = queryWindow(query)
  return `${filterKey(query.filter)}|${orderKey(query.order)}|${offset}|${limit === Infinity ? '' : limit}`
}

/**
 * The filter's part of `queryKey`.
 *
 * @throws {FreshetError} `query/bad-filter`: not a filter that can be compiled.
 */
export function filterKey(filter: Filter | undefined): string {
  // Refuses what is nested so deep that writing it down would exhaust the stack.
  compilePredicate(filter)
  return filter === undefined ? 'and()' : conditionKey(filter)
}

function conditionKey(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return groupKey(filter.op, filter.filters)
    case 'not':
      return filter.filter.op === 'not'
        ? conditionKey(filter.filter.filter)
        : `not(${conditionKey(filter.filter)})`
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

/**
 * One text per value; values of different kinds have different texts.
 *
 * @throws {FreshetError} `query/bad-value`: nested deeper than 200 levels.
 */
export function valueKey(value: Value): string {
  return keyAt(value, 0)
}

function keyAt(value: Value, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return objectKey(value, depth)
    default:
      return String(value)
  }
}

function groupKey(op: 'and' | 'or', filters: readonly Filter[]): string {
  const parts = [...new Set(filters.flatMap((filter) => flat(op, filter)).map(conditionKey))].sort()
  return parts.length === 1 ? (parts[0] ?? '') : `${op}(${parts.join()})`
}

/** The conditions of nested groups of the same kind. */
function flat(op: 'and' | 'or', filter: Filter): readonly Filter[] {
  return filter.op === op ? filter.filters.flatMap((part) => flat(op, part)) : [filter]
}

function unique(keys: readonly string[]): string {
  return [...new Set(keys)].sort().join()
}

function objectKey(value: Value & (object | null), depth: number): string {
  if (depth > maxDepth) {
    throw usageError(
      'query/bad-value',
      `A value in a query is nested deeper than ${maxDepth} levels; ask for a field inside it.`,
    )
  }
  if (value === null) return 'null'
  if (value instanceof Date) return `date(${value.getTime()})`
  if (value instanceof Uint8Array) return `bytes(${value.join()})`
  if (value instanceof Tagged) return `${value.tag}(${JSON.stringify(value.text)})`
  if (!isRecord(value)) return `[${value.map((item) => keyAt(item, depth + 1)).join()}]`
  const fields = Object.keys(value).sort()
  return `{${fields.map((field) => `${JSON.stringify(field)}:${keyAt(value[field] ?? null, depth + 1)}`).join()}}`
}
