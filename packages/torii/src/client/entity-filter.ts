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
export function toKernelFilter({ keys = {}, where = [] }: EntityFilter): Filter {
  const ofKeys = Object.entries(keys).map(([field, value]): Filter => keyFilter(field, value))
  return { op: 'and', filters: [...ofKeys, ...where.map(conditionFilter)] }
}

function keyFilter(field: string, value: string | number | bigint): Filter {
  return { op: 'in', field, values: keyValues(value) }
}

/** A key may be a number or a felt; which, only the rows know. */
export function keyValues(value: string | number | bigint): readonly Value[] {
  const isFelt = typeof value !== 'string' || /^0x[0-9a-f]{1,64}$/i.test(value)
  return isFelt ? [value, canonicalFelt(value)] : [value]
}

function conditionFilter(condition: MemberCondition): Filter {
  switch (condition.op) {
    case 'and':
    case 'or':
      return { op: condition.op, filters: condition.where.map(conditionFilter) }
    case 'in':
      return { op: 'in', field: condition.member, values: condition.value }
    case 'eq':
    case 'neq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { op: condition.op, field: condition.member, value: condition.value }
    default: {
      const unknown: { readonly op?: unknown } = condition
      throw new FreshetError({
        code: 'torii/bad-filter',
        kind: 'usage',
        message: `The filter has the unknown operator ${JSON.stringify(unknown.op)}; use eq, neq, gt, gte, lt, lte, in, and, or.`,
      })
    }
  }
}
