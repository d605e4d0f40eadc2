import { FreshetError, type Filter, type Value } from '@freshet/core'
import { canonicalFelt } from '../values/felt.ts'

/** One condition on a member, named by its path, such as `vec.x`. */
export type MemberCondition =
  | {
      readonly member: string
      readonly op: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte'
      readonly value: Value
    }
  | { readonly member: string; readonly op: 'in'; readonly value: readonly Value[] }
  | { readonly op: 'and' | 'or'; readonly where: readonly MemberCondition[] }

/** Which entities of a model are meant: all of its parts hold. */
export type EntityFilter = {
  /** Entity ids, in any spelling. */
  readonly hashedKeys?: readonly string[] | undefined
  /** Key members; felts and addresses may be written in any way. */
  readonly keys?: { readonly [member: string]: string | number | bigint } | undefined
  readonly where?: readonly MemberCondition[] | undefined
}

/** All of a filter but `hashedKeys`, which rows do not hold. @throws {FreshetError} `torii/bad-filter` */
export function toKernelFilter(filter: EntityFilter): Filter {
  checkFilter(filter)
  const { keys = {}, where = [] } = filter
  const ofKeys = Object.entries(keys).map(([field, value]): Filter => keyFilter(field, value))
  return { op: 'and', filters: [...ofKeys, ...where.map(conditionFilter)] }
}

function keyFilter(field: string, value: string | number | bigint): Filter {
  return { op: 'in', field, values: keyValues(value) }
}

/** A key may be a number or a felt; which, only the rows know. */
export function keyValues(value: string | number | bigint): readonly Value[] {
  return typeof value === 'string' ? spellings(value) : [value, canonicalFelt(value)]
}

/** The forms in which a row may hold what is written: felts have 64 digits, Ethereum addresses 40, texts any. */
export function spellings(value: Value): readonly Value[] {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(value)) return [value]
  const felt = canonicalFelt(value)
  if (value === felt) return [value]
  const isShort = felt.startsWith(`0x${'0'.repeat(24)}`)
  return [...new Set([value, felt, ...(isShort ? [`0x${felt.slice(26)}`] : [])])]
}

/** Rows whose member equals a value, in any of its spellings. */
export function equalFilter(field: string, value: Value): Filter {
  const values = spellings(value)
  // An index on the disk serves one value.
  return values.length === 1 ? { op: 'eq', field, value } : { op: 'in', field, values }
}

function conditionFilter(condition: MemberCondition): Filter {
  switch (condition.op) {
    case 'and':
    case 'or':
      return { op: condition.op, filters: condition.where.map(conditionFilter) }
    case 'in':
      return { op: 'in', field: condition.member, values: condition.value.flatMap(spellings) }
    case 'eq':
      return equalFilter(condition.member, condition.value)
    case 'neq':
      return { op: 'not', filter: equalFilter(condition.member, condition.value) }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { op: condition.op, field: condition.member, value: condition.value }
    default: {
      const unknown: { readonly op?: unknown } = condition
      throw badFilter(
        `the unknown operator ${JSON.stringify(unknown.op)}; use eq, neq, gt, gte, lt, lte, in, and, or`,
      )
    }
  }
}

/** A filter may come from where nothing checks types, such as a text that a player typed. */
function checkFilter(filter: EntityFilter): void {
  const { hashedKeys, keys, where }: { readonly [part: string]: unknown } = isPlain(filter) ? filter : {}
  if (!isPlain(filter)) throw badFilter('no parts; give { hashedKeys, keys, where }')
  if (hashedKeys !== undefined && !isListOf(hashedKeys, (id) => typeof id === 'string'))
    throw badFilter('hashedKeys that are no list of entity ids')
  if (keys !== undefined && !(isPlain(keys) && isListOf(Object.values(keys), isKey)))
    throw badFilter('keys that are no record of texts and numbers, by member')
  if (where !== undefined) checkConditions(where, 0)
}

function checkConditions(where: unknown, depth: number): void {
  if (depth > maxDepth) throw badFilter(`conditions nested deeper than ${maxDepth} levels; flatten them`)
  if (!Array.isArray(where)) throw badFilter('a where that is no list of conditions')
  for (const condition of where) {
    if (!isPlain(condition)) throw badFilter('a condition that is no record; give { member, op, value }')
    const { op, member, value } = condition
    if (op === 'and' || op === 'or') checkConditions(condition['where'], depth + 1)
    else if (typeof member !== 'string' || member === '')
      throw badFilter('a condition without a member; give its path, such as vec.x')
    else if (op === 'in' && !Array.isArray(value))
      throw badFilter(`an in on ${member} without a list of values`)
    else if (value === undefined) throw badFilter(`a condition on ${member} without a value`)
  }
}

/** As deep as the kernel's filters may be, with some of its levels for the filter around them. */
const maxDepth = 90

function isPlain(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOf(list: unknown, holds: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(holds)
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value)
}

function badFilter(what: string): FreshetError {
  return new FreshetError({ code: 'torii/bad-filter', kind: 'usage', message: `The filter has ${what}.` })
}
