import { isRecord, Tagged, type Value } from '@freshet/core'
import { unsupportedFilter } from '../master-errors.ts'
import { operators, type ValueComparison } from './compare-column.ts'
import type { Binder } from './postgres-filter.ts'
import { NoJson, valueToJson } from './postgres-json.ts'
import { decimalToSql } from './sql-literal.ts'

/**
 * A comparison of an expression of type `jsonb` with a value: equal where the
 * two are of one kind, ordered where both are numbers, texts or booleans.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function compareJson(
  expression: string,
  { op, field, value }: ValueComparison,
  binder: Binder,
): string {
  const json = `(${expression})`
  const when = (kind: string, comparison: string): string =>
    `CASE WHEN jsonb_typeof(${json}) = '${kind}' THEN ${comparison} ELSE FALSE END`
  if (value === null) return op === 'eq' ? `${json} IS NULL OR ${json} = 'null'` : 'FALSE'
  if (typeof value === 'number' || typeof value === 'bigint' || isDecimal(value))
    return when('number', `${json}::numeric ${operators[op]} ${binder.bind(decimalToSql(value))}::numeric`)
  if (op === 'eq') {
    const text = jsonOf(value)
    return text === undefined ? 'FALSE' : `${json} = ${binder.bind(text)}::jsonb`
  }
  if (typeof value === 'boolean')
    return when('boolean', `${json}::bool ${operators[op]} ${binder.bind(value ? 't' : 'f')}::bool`)
  if (typeof value === 'string') {
    if (!value.isWellFormed() || value.includes('\0')) throw unsupportedFilter('PostgreSQL has no such text.')
    return when('string', `(${json} #>> '{}') COLLATE "C" ${operators[op]} ${binder.bind(value)}`)
  }
  // Dates, bytes and the like are of no kind that JSON has.
  if (!Array.isArray(value) && !isRecord(value)) return 'FALSE'
  throw unsupportedFilter(
    `PostgreSQL has no order of ${JSON.stringify(field)} that agrees with ours for this value.`,
  )
}

function isDecimal(value: Value): value is Tagged {
  return value instanceof Tagged && value.tag === 'decimal'
}

/** The value as JSON; `undefined` for what equals no JSON. */
function jsonOf(value: Value): string | undefined {
  try {
    return valueToJson(value, '')
  } catch (error) {
    if (!(error instanceof NoJson)) throw error
    const isNested = Array.isArray(value) || isRecord(value)
    // Within it there may be what means the same as something JSON can hold.
    if (isNested)
      throw unsupportedFilter(`The value cannot be compared in PostgreSQL: ${error.message}.`, error)
    return undefined
  }
}
