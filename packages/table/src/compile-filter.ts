import type { Filter } from '@freshet/core'
import { balancedJoin } from './balanced-join.ts'
import { unsupportedFilter } from './master-errors.ts'

/** A condition on one field. */
export type FieldCondition = Extract<Filter, { readonly field: string }>

/** What a database's language brings to a filter besides `AND` and `OR`. */
export type ConditionLanguage = {
  /** Levels it may be nested. */
  readonly maxDepth: number
  /** How what always holds, and what never holds, is written. */
  readonly always: string
  readonly never: string
  /**
   * One condition, or what is true wherever it is not.
   *
   * @throws {FreshetError} `table/unsupported-filter`.
   */
  condition(part: FieldCondition, negated: boolean): string
}

/**
 * A filter in a database's language, its conditions in the order they stand in.
 * `not` is carried down to them, where the language says what it means of absent fields.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function compileFilter(filter: Filter, language: ConditionLanguage): string {
  const { maxDepth, always, never } = language
  const compile = (part: Filter, negated: boolean, depth: number): string => {
    if (depth > maxDepth)
      throw unsupportedFilter(`The filter is nested deeper than ${maxDepth} levels; flatten it.`)
    if (part.op === 'not') return compile(part.filter, !negated, depth + 1)
    if ('filters' in part) {
      const parts = part.filters.map((each) => compile(each, negated, depth + 1))
      return (part.op === 'and') === negated
        ? balancedJoin(parts, 'OR', never)
        : balancedJoin(parts, 'AND', always)
    }
    return language.condition(part, negated)
  }
  return compile(filter, false, 0)
}
