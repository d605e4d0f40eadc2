import { compilePredicate, type Filter, type OrderTerm } from '@freshet/core'
import { balancedJoin } from '../balanced-join.ts'
import { compileFilter, type FieldCondition } from '../compile-filter.ts'
import { unsupportedFilter } from '../master-errors.ts'
import { columnType, rowTypes } from '../master-schema.ts'
import type { Evaluates, TableSchema } from '../master.ts'
import { compareColumn } from './compare-column.ts'
import { compareJson } from './compare-json.ts'
import { searchColumn, searchJson } from './contains-text.ts'
import { quote, type PgColumn, type PgTable } from './postgres-catalog.ts'

/** Collects values to send beside a statement; gives back the parameter that stands for each. */
export type Binder = {
  readonly values: (string | null)[]
  bind(value: string | null): string
}

export function createBinder(): Binder {
  const values: (string | null)[] = []
  return { values, bind: (value) => `$${values.push(value)}` }
}

/** What compiling a condition needs to know. */
export type FilterContext = { readonly schema: TableSchema; readonly table: PgTable; readonly binder: Binder }

const maxDepth = 100
const maxConditions = 2_000

/**
 * A condition in SQL that means exactly what it means here. Values are bound,
 * names are quoted.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function filterToSql(filter: Filter | undefined, context: FilterContext): string {
  let conditions = 0
  const condition = (part: FieldCondition, negated: boolean): string => {
    conditions += part.op === 'in' ? part.values.length : 1
    if (conditions > maxConditions)
      throw unsupportedFilter(`The filter has more than ${maxConditions} conditions; ask in several steps.`)
    const sql = compileCondition(part, context)
    return negated ? `(${sql}) IS NOT TRUE` : `(${sql})`
  }
  if (filter === undefined) return 'TRUE'
  return compileFilter(filter, { maxDepth, always: 'TRUE', never: 'FALSE', condition })
}

/**
 * The ORDER BY of these terms: null and absent last, ties by id; texts and ids by code point, as here.
 *
 * @throws {FreshetError} `table/unsupported-filter`: PostgreSQL would sort otherwise than we do.
 */
export function orderToSql(
  order: readonly OrderTerm[],
  { schema, table }: Omit<FilterContext, 'binder'>,
): string {
  const terms = order.flatMap(({ field, direction }) => {
    const column = columnOf(field, schema, table)
    // Every row has nothing there, so that the term decides nothing.
    if (column === undefined) return []
    const keys = sortKeys(field, column, schema, table)
    if (keys === undefined)
      throw unsupportedFilter(`PostgreSQL has no order of ${JSON.stringify(field)} that agrees with ours.`)
    return keys.map((key) => `${key} ${direction === 'desc' ? 'DESC NULLS LAST' : 'ASC NULLS LAST'}`)
  })
  return [...terms, `${quote(schema.idField)}::text COLLATE "C"`].join(', ')
}

/** Which conditions and orders mean the same in PostgreSQL as here: those that are not refused. */
export function postgresEvaluates(schema: TableSchema, table: () => PgTable | undefined): Evaluates {
  const isTaken = (compile: (context: FilterContext) => void): boolean => {
    const known = table()
    if (known === undefined) return false
    try {
      compile({ schema, table: known, binder: createBinder() })
      return true
    } catch {
      return false
    }
  }
  return {
    filter: (filter) => isTaken((context) => void filterToSql(filter, context)),
    order: (order) => isTaken((context) => void orderToSql(order, context)),
  }
}

function compileCondition(part: FieldCondition, context: FilterContext): string {
  const { schema, table, binder } = context
  if (!knownOperators.has(part.op)) throw unsupportedFilter(`The filter has an unknown operator.`)
  if (part.op === 'in') {
    const parts = part.values.map((value) =>
      compileCondition({ op: 'eq', field: part.field, value }, context),
    )
    return parts.length === 0 ? 'FALSE' : balancedJoin(parts, 'OR', 'FALSE')
  }
  if (part.op === 'neq') return `(${compileCondition({ ...part, op: 'eq' }, context)}) IS NOT TRUE`
  const column = columnOf(part.field, schema, table)
  // A field that no row has is decided by the condition alone.
  if (column === undefined) return isMetByNothing(part, schema) ? 'TRUE' : 'FALSE'
  const { kind } = column
  const isJson = !kind.isArray && (kind.scalar === 'json' || kind.scalar === 'jsonb')
  const isNamed = hasColumn(part.field, schema, table)
  if (isJson && columnType(schema, column.name) !== 'text') {
    const steps = isNamed ? [] : part.field.split('.').slice(1)
    const json = [`${quote(column.name)}::jsonb`, ...steps.map((step) => binder.bind(textStep(step)))].join(
      ' -> ',
    )
    return part.op === 'contains'
      ? searchJson(json, part, binder)
      : compareJson(json, { ...part, op: part.op }, binder)
  }
  if (!isNamed) return isMetByNothing(part, schema) ? 'TRUE' : 'FALSE'
  const declared = columnType(schema, part.field)
  return part.op === 'contains'
    ? searchColumn(column, declared, part, binder)
    : compareColumn(column, declared, { ...part, op: part.op }, binder)
}

const knownOperators: ReadonlySet<string> = new Set(['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'contains', 'in'])

function isMetByNothing(part: FieldCondition, schema: TableSchema): boolean {
  try {
    return compilePredicate(part, rowTypes(schema))({})
  } catch (error) {
    throw unsupportedFilter(error instanceof Error ? error.message : String(error), error)
  }
}

function hasColumn(field: string, schema: TableSchema, table: PgTable): boolean {
  return isDeclared(field, schema) && table.columns.has(field)
}

function isDeclared(field: string, schema: TableSchema): boolean {
  return field === schema.idField || Object.hasOwn(schema.columns, field)
}

/** The column a field is read from: that of its very name, else that of the first step of its path. */
function columnOf(field: string, schema: TableSchema, table: PgTable): PgColumn | undefined {
  if (isDeclared(field, schema)) return table.columns.get(field)
  const [first = ''] = field.split('.')
  return isDeclared(first, schema) && first !== schema.idField ? table.columns.get(first) : undefined
}

function textStep(step: string): string {
  if (step.isWellFormed() && !step.includes('\0')) return step
  throw unsupportedFilter(`${JSON.stringify(step)} is no name of a field in PostgreSQL.`)
}

/** What to sort by instead of a column, so that it sorts as here; `undefined` where nothing does. */
function sortKeys(
  field: string,
  { name, kind }: PgColumn,
  schema: TableSchema,
  table: PgTable,
): readonly string[] | undefined {
  const declared = columnType(schema, field)
  const column = quote(name)
  if (!hasColumn(field, schema, table))
    return kind.scalar === 'json' || kind.scalar === 'jsonb' ? undefined : []
  if (kind.isArray) return undefined
  if (declared === 'text') return kind.scalar === 'bool' ? undefined : [`${column}::text COLLATE "C"`]
  switch (kind.scalar) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'bytea':
    case 'uuid':
      return [column]
    case 'float4':
    case 'float8':
      return declared === 'decimal' ? undefined : [column]
    case 'numeric':
      return declared === 'float' ? undefined : [column]
    case 'timestamptz':
      // Infinity is a text here, and texts come before instants.
      return [`isfinite(${column})`, column]
    case 'timestamp':
    case 'date':
      return declared === 'datetime' ? [`isfinite(${column})`, column] : [`${column}::text COLLATE "C"`]
    case 'text':
    case 'bpchar':
    case 'other':
      return declared === 'any' || declared === 'recordId' ? [`${column}::text COLLATE "C"`] : undefined
    case 'json':
    case 'jsonb':
    case 'interval':
      return undefined
  }
}
