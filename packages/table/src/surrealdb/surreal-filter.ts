import {
  FreshetError,
  Tagged,
  isRecord,
  type ColumnType,
  type Filter,
  type OrderTerm,
  type Value,
} from '@freshet/core'
import { balancedJoin } from '../balanced-join.ts'
import { compileFilter, type FieldCondition } from '../compile-filter.ts'
import { unsupportedFilter } from '../master-errors.ts'
import { columnType } from '../master-schema.ts'
import type { Evaluates, Guard, TableSchema } from '../master.ts'
import { idToRecordId } from './surreal-record-id.ts'
import { reservedPrefix, valueToSurreal } from './surreal-values.ts'

/** Collects values to send beside a statement; gives back the parameter that stands for each. */
export type Binder = {
  readonly bindings: Record<string, unknown>
  bind(value: unknown): string
}

export function createBinder(): Binder {
  const bindings: Record<string, unknown> = {}
  let count = 0
  return {
    bindings,
    bind(value) {
      const name = `p${count++}`
      bindings[name] = value
      return `$${name}`
    },
  }
}

/** What compiling a condition needs to know. */
export type FilterContext = {
  readonly table: string
  readonly schema: TableSchema
  readonly binder: Binder
}

/** Conditions beyond this number overflow the stack of SurrealDB 3.0.2. */
const maxConditions = 256
const maxDepth = 16

/**
 * A condition in SurrealQL. Values are bound; names are quoted.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function filterToSurreal(filter: Filter, context: FilterContext): string {
  let conditions = 0
  const condition = (part: FieldCondition, negated: boolean): string => {
    if (++conditions > maxConditions) {
      throw unsupportedFilter(
        `The filter has more than ${maxConditions} conditions; use "in" for lists of values.`,
      )
    }
    const compared = compare(part, context)
    return negated ? `!(${compared})` : compared
  }
  return compileFilter(filter, { maxDepth, always: 'true', never: 'false', condition })
}

/** The condition under which a guarded write goes ahead. */
export function guardToSurreal(guard: Guard, context: FilterContext): string {
  const { schema, binder, table } = context
  const parts = Object.entries(guard).map(([field, value]) => {
    if (field === schema.idField) {
      return typeof value === 'string' ? `id = ${binder.bind(idToRecordId(table, value))}` : 'false'
    }
    if (value === undefined) return `${quote(field)} = NONE`
    return `${quote(field)} = ${binder.bind(valueToSurreal(value, columnType(schema, field), field))}`
  })
  return balancedJoin(parts, 'AND', 'true')
}

/** The projections and the clause that sort a SELECT: nulls last, ties by id. */
export function orderToSurreal(
  order: readonly OrderTerm[],
  schema: TableSchema,
): { readonly projections: string; readonly clause: string } {
  const projections: string[] = []
  const terms: string[] = []
  order.forEach(({ field, direction }, index) => {
    const value = fieldToSurreal(field, schema)
    const [absentKey, valueKey] = [`${reservedPrefix}absent${index}`, `${reservedPrefix}value${index}`]
    // NONE and NULL sort apart in SurrealDB; here they are one.
    projections.push(`${isAbsent(value)} AS ${absentKey}`, `(${value} ?? NULL) AS ${valueKey}`)
    terms.push(absentKey, `${valueKey} ${direction === 'desc' ? 'DESC' : 'ASC'}`)
  })
  return { projections: ['*', ...projections].join(', '), clause: [...terms, 'id'].join(', ') }
}

/** Which conditions and orders mean the same in SurrealDB as here; texts are ordered by code point in both. */
export function surrealEvaluates(schema: TableSchema): Evaluates {
  const filter = (part: Filter): boolean => {
    switch (part.op) {
      case 'and':
      case 'or':
        return part.filters.every(filter)
      case 'not':
        return filter(part.filter)
      case 'in':
        return part.values.every((value) => isScalar(value))
      case 'eq':
      case 'neq':
        return isScalar(part.value)
      case 'contains':
        return part.field !== schema.idField
      default:
        return (
          part.field !== schema.idField && kindOf(part.value, columnType(schema, part.field)) !== undefined
        )
    }
  }
  return {
    filter,
    order: (order) =>
      order.every(({ field }) => field === schema.idField || sortable.has(columnType(schema, field))),
  }
}

const sortable: ReadonlySet<ColumnType> = new Set<ColumnType>([
  'bool',
  'int',
  'float',
  'decimal',
  'text',
  'bytes',
  'datetime',
  'uuid',
  'duration',
])

function compare(part: FieldCondition, context: FilterContext): string {
  const { schema, binder } = context
  const value = fieldToSurreal(part.field, schema)
  switch (part.op) {
    case 'eq':
      return equals(part.field, part.value, context)
    case 'neq':
      return `!(${equals(part.field, part.value, context)})`
    case 'in': {
      const bound = part.values
        .filter((each) => each !== null)
        .map((each) => filterValue(part.field, each, context))
      const isListed = `${value} IN ${binder.bind(bound)}`
      return part.values.includes(null) ? `(${isAbsent(value)} OR ${isListed})` : isListed
    }
    case 'contains': {
      if (part.field === schema.idField)
        throw unsupportedFilter('SurrealDB does not look into ids; compare them whole.')
      const text = binder.bind(part.value.toLowerCase())
      return `(IF type::is_string(${value}) THEN string::contains(string::lowercase(${value}), ${text}) ELSE false END)`
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      if (part.value === null) return 'false'
      const type = columnType(schema, part.field)
      const kind = kindOf(part.value, type)
      if (kind === undefined || part.field === schema.idField) {
        throw unsupportedFilter(
          `SurrealDB has no order of ${part.field} that agrees with ours for this value.`,
        )
      }
      const bound = binder.bind(filterValue(part.field, part.value, context))
      return `(type::is_${kind}(${value}) AND ${value} ${operators[part.op]} ${bound})`
    }
    default: {
      const unknown: { readonly op?: unknown } = part
      throw unsupportedFilter(`The filter has the unknown operator ${JSON.stringify(unknown.op)}.`)
    }
  }
}

const operators = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function equals(field: string, value: Value, context: FilterContext): string {
  const stored = fieldToSurreal(field, context.schema)
  if (value === null) return isAbsent(stored)
  return `${stored} = ${context.binder.bind(filterValue(field, value, context))}`
}

function filterValue(field: string, value: Value, { table, schema }: FilterContext): unknown {
  if (field === schema.idField) return typeof value === 'string' ? idToRecordId(table, value) : value
  try {
    const type = columnType(schema, field)
    return valueToSurreal(numericText(value, type), type, field)
  } catch (error) {
    if (error instanceof FreshetError) throw unsupportedFilter(error.message, error)
    throw error
  }
}

/** In a column of numbers a text stands for the number it spells. */
function numericText(value: Value, type: ColumnType): Value {
  if (typeof value !== 'string' || (type !== 'int' && type !== 'float')) return value
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? new Tagged('decimal', value) : value
}

function isScalar(value: Value): boolean {
  return !Array.isArray(value) && !isRecord(value)
}

/** The kind of values that are ordered with this one; `undefined` where the two sides order differently. */
function kindOf(value: Value, type: ColumnType): string | undefined {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isFinite(value) ? 'number' : undefined
    case 'bigint':
      return 'number'
    case 'string':
      return kindOfText(value, type)
    default:
      break
  }
  if (value instanceof Date) return 'datetime'
  if (value instanceof Uint8Array) return 'bytes'
  if (!(value instanceof Tagged) || value.tag === 'recordId') return undefined
  return value.tag === 'decimal' ? 'number' : value.tag
}

/** A text that spells a value of the column is ordered as that value; one that does not, as we cannot. */
function kindOfText(text: string, type: ColumnType): string | undefined {
  switch (type) {
    case 'int':
    case 'float':
    case 'decimal':
      return typeof numericText(text, 'int') === 'string' ? 'string' : 'number'
    case 'datetime':
      return valueToSurreal(text, type, '') === text ? 'string' : 'datetime'
    case 'uuid':
    case 'duration':
      return valueToSurreal(text, type, '') === text ? undefined : type
    case 'recordId':
      return undefined
    default:
      return 'string'
  }
}

/**
 * A field as an expression: the field of that very name, else the path into nested records.
 *
 * A path is not followed through record links, which SurrealDB would do.
 */
function fieldToSurreal(field: string, schema: TableSchema): string {
  if (field === schema.idField) return 'id'
  if (field === 'id') return 'NONE'
  const steps = field.split('.')
  if (steps.length === 1) return quote(field)
  if (steps.length > maxDepth || steps.includes(''))
    throw unsupportedFilter(`${JSON.stringify(field)} is no path.`)
  const parents = steps.slice(1).map((_, index) =>
    steps
      .slice(0, index + 1)
      .map(quote)
      .join('.'),
  )
  const areRecords = parents.map((parent) => `type::is_object(${parent})`).join(' AND ')
  const nested = `(IF ${areRecords} THEN ${steps.map(quote).join('.')} ELSE NONE END)`
  return `(IF ${quote(field)} != NONE THEN ${quote(field)} ELSE ${nested} END)`
}

function isAbsent(value: string): string {
  return `(${value} = NONE OR ${value} = NULL)`
}

/** A name in SurrealQL, whatever it contains. */
export function quote(name: string): string {
  if (name === '' || !name.isWellFormed()) {
    throw unsupportedFilter(`${JSON.stringify(name)} is no name of a field in SurrealDB.`)
  }
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
