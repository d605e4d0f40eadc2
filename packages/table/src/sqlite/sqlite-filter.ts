import { compilePredicate, Tagged, type Filter, type OrderTerm, type Value } from '@freshet/core'
import { compileFilter, type FieldCondition } from '../compile-filter.ts'
import { unsupportedFilter } from '../master-errors.ts'
import { columnType, rowTypes } from '../master-schema.ts'
import type { TableSchema } from '../master.ts'
import type { ColumnTest } from './sqlite-connection.ts'
import { sqliteToValue, type SqliteValue } from './sqlite-values.ts'

/** A condition in SQL, its values and tests in the order of their parameters. */
export type SqlCondition = {
  readonly sql: string
  readonly values: readonly SqliteValue[]
  readonly tests: readonly ColumnTest[]
}

const maxDepth = 100
const maxListed = 200

/**
 * A condition in SQL that means exactly what it means here.
 *
 * What SQLite decides the same way (whole numbers, texts equal or not, ids) is
 * left to it and its indexes; every other condition is decided by our own
 * predicate, called from the statement.
 *
 * @throws {FreshetError} `table/unsupported-filter`.
 */
export function filterToSql(filter: Filter | undefined, schema: TableSchema): SqlCondition {
  const values: SqliteValue[] = []
  const tests: ColumnTest[] = []
  if (filter === undefined) return { sql: 'TRUE', values, tests }

  const condition = (part: FieldCondition, negated: boolean): string => {
    const { sql, values: bound } = nativeCondition(part, schema) ?? testedCondition(part)
    values.push(...bound)
    return negated ? `(${sql}) IS NOT TRUE` : sql
  }
  const testedCondition = (part: FieldCondition): Omit<SqlCondition, 'tests'> => {
    const matches = compileComparison(part, schema)
    const column = columnOf(part.field, schema)
    if (column === undefined) return { sql: matches({}) ? 'TRUE' : 'FALSE', values: [] }
    const type = columnType(schema, column)
    tests.push((held) => matches({ [column]: sqliteToValue(held, type) }))
    return { sql: `freshet_test(${tests.length - 1}, ${quote(column)})`, values: [] }
  }
  const sql = compileFilter(filter, { maxDepth, always: 'TRUE', never: 'FALSE', condition })
  return { sql, values, tests }
}

/** The ORDER BY of these terms; `undefined` where SQLite would sort otherwise than we do. */
export function orderToSql(order: readonly OrderTerm[], schema: TableSchema): string | undefined {
  const terms = order.map(({ field, direction }) => {
    const isNative = isColumn(field, schema) && nativeOrder.has(columnType(schema, field))
    return isNative
      ? `${quote(field)} IS NULL, ${quote(field)} ${direction === 'desc' ? 'DESC' : 'ASC'}`
      : undefined
  })
  if (terms.includes(undefined)) return undefined
  return [...terms, quote(schema.idField)].join(', ')
}

/** A name in SQL, whatever it contains. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Whether the table has this column. */
export function isColumn(field: string, schema: TableSchema): boolean {
  return field === schema.idField || Object.hasOwn(schema.columns, field)
}

const nativeOrder: ReadonlySet<string> = new Set(['bool', 'int', 'float', 'text', 'bytes', 'recordId'])

function compileComparison(part: FieldCondition, schema: TableSchema): ReturnType<typeof compilePredicate> {
  try {
    return compilePredicate(part, rowTypes(schema))
  } catch (error) {
    throw unsupportedFilter(error instanceof Error ? error.message : String(error), error)
  }
}

/** The column a field is read from: that of its very name, else that of the first step of its path. */
function columnOf(field: string, schema: TableSchema): string | undefined {
  if (isColumn(field, schema)) return field
  const [first = ''] = field.split('.')
  return isColumn(first, schema) ? first : undefined
}

/** The condition as SQLite's own, where the two agree. */
function nativeCondition(part: FieldCondition, schema: TableSchema): Omit<SqlCondition, 'tests'> | undefined {
  if (!isColumn(part.field, schema)) return undefined
  const column = quote(part.field)
  switch (part.op) {
    case 'in': {
      if (part.values.length > maxListed) return undefined
      const listed = part.values.map((value) => nativeValue(value, part.field, schema))
      if (listed.some((value) => value === undefined)) return undefined
      const values = listed.filter((value) => value !== undefined)
      return { sql: `${column} IN (${values.map(() => '?').join(', ')})`, values }
    }
    case 'eq':
    case 'neq': {
      const value = nativeValue(part.value, part.field, schema)
      if (value === undefined) return undefined
      const equal = `${column} = ? COLLATE BINARY`
      return { sql: part.op === 'eq' ? equal : `(${equal}) IS NOT TRUE`, values: [value] }
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const value = nativeValue(part.value, part.field, schema)
      // Texts may be declared with a collation of their own there.
      if (value === undefined || typeof value === 'string') return undefined
      return {
        sql: `(${column} ${operators[part.op]} ? AND typeof(${column}) IN ('integer', 'real'))`,
        values: [value],
      }
    }
    default:
      return undefined
  }
}

const operators = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function nativeValue(value: Value, field: string, schema: TableSchema): SqliteValue | undefined {
  switch (columnType(schema, field)) {
    case 'text':
      return typeof value === 'string' && value.isWellFormed() ? value : undefined
    case 'recordId':
      return value instanceof Tagged && value.tag === 'recordId' && value.text.isWellFormed()
        ? value.text
        : undefined
    case 'int':
      if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
    default:
      return undefined
  }
}
