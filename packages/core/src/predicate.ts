import { usageError, type FreshetError } from './errors.ts'
import type { Filter } from './query.ts'
import type { ColumnType, ColumnTypes } from './schema.ts'
import { columnType, valuesEqual } from './value-equality.ts'
import { compareComparable, textHasSpellings } from './value-order.ts'
import { isRecord, type Row, type Value } from './value.ts'

export type Predicate = (row: Row) => boolean

/**
 * Compiles a filter once, to be asked about many rows [Q1].
 *
 * Built of closures and not of generated source, so that it runs under a
 * content security policy. An absent filter lets every row through.
 *
 * @throws {FreshetError} `query/bad-filter`: an unknown operator, or nested deeper than 100 levels.
 */
export function compilePredicate(filter: Filter | undefined, columns: ColumnTypes = {}): Predicate {
  return filter === undefined ? () => true : compile(filter, columns, 0)
}

/**
 * Compiles the reading of a field: its name, or a dotted path into nested
 * records when the row has no field of that very name. Only own fields count.
 */
export function compileField(field: string): (row: Row) => Value | undefined {
  const own = ownReader(field)
  const steps = field.split('.').map(ownReader)
  if (steps.length === 1) return own
  return (row) => {
    const direct = own(row)
    if (direct !== undefined) return direct
    let at: Value | undefined = row
    for (const step of steps) {
      if (!isRecord(at)) return undefined
      at = step(at)
    }
    return at
  }
}

function ownReader(name: string): (row: Row) => Value | undefined {
  // Only a name that every object inherits needs the slower question.
  return name in Object.prototype
    ? (row) => (Object.hasOwn(row, name) ? row[name] : undefined)
    : (row) => row[name]
}

/** Filters nested deeper are refused: a hostile one must not exhaust the stack. */
export const maxFilterDepth = 100

function compile(filter: Filter, columns: ColumnTypes, depth: number): Predicate {
  if (!isFilter(filter)) throw badFilter('lacks its operator or its filters')
  if (depth > maxFilterDepth) throw badFilter(`is nested deeper than ${maxFilterDepth} levels; flatten it`)
  switch (filter.op) {
    case 'eq':
      return equals(filter.field, filter.value, columns)
    case 'neq':
      return negate(equals(filter.field, filter.value, columns))
    case 'gt':
      return compares(filter, columns, (sign) => sign > 0)
    case 'gte':
      return compares(filter, columns, (sign) => sign >= 0)
    case 'lt':
      return compares(filter, columns, (sign) => sign < 0)
    case 'lte':
      return compares(filter, columns, (sign) => sign <= 0)
    case 'contains':
      return contains(filter.field, filter.value)
    case 'in':
      return oneOf(filter.field, filter.values, columns)
    case 'and':
      return all(filter.filters.map((part) => compile(part, columns, depth + 1)))
    case 'or':
      return negate(all(filter.filters.map((part) => negate(compile(part, columns, depth + 1)))))
    case 'not':
      return negate(compile(filter.filter, columns, depth + 1))
    default: {
      const unknown: { readonly op?: unknown } = filter
      throw badFilter(`has the unknown operator ${JSON.stringify(unknown.op)}; take one of the type Filter`)
    }
  }
}

/** What a page or a file hands over is not typed. */
function isFilter(filter: unknown): boolean {
  if (typeof filter !== 'object' || filter === null) return false
  const { op, filters }: { readonly op?: unknown; readonly filters?: unknown } = filter
  return (op !== 'and' && op !== 'or') || Array.isArray(filters)
}

function badFilter(what: string): FreshetError {
  return usageError('query/bad-filter', `The filter ${what}.`)
}

function negate(predicate: Predicate): Predicate {
  return (row) => !predicate(row)
}

function all(predicates: readonly Predicate[]): Predicate {
  const [first, second] = predicates
  if (first === undefined) return () => true
  if (second === undefined) return first
  if (predicates.length === 2) return (row) => first(row) && second(row)
  return (row) => predicates.every((predicate) => predicate(row))
}

function equals(field: string, value: Value, columns: ColumnTypes): Predicate {
  const read = compileField(field)
  const type = columnType(columns, field)
  const decided = decidedByIdentity(value, type)
  return (row) => {
    const held = read(row) ?? null
    return held === value || (typeof held !== decided && valuesEqual(held, value, type))
  }
}

/** The `typeof` for which `===` alone decides equality with this value. */
function decidedByIdentity(value: Value, type: ColumnType): string {
  if (typeof value === 'number' && !Number.isNaN(value)) return 'number'
  return typeof value === 'string' && !textHasSpellings(type) ? 'string' : 'none'
}

function oneOf(field: string, values: readonly Value[], columns: ColumnTypes): Predicate {
  const read = compileField(field)
  const type = columnType(columns, field)
  const known = new Set(values)
  // Texts that `===` decides need no second look; other kinds may be spelled differently.
  const others = values.filter((value) => decidedByIdentity(value, type) !== 'string')
  return (row) => {
    const held = read(row) ?? null
    return known.has(held) || others.some((value) => valuesEqual(held, value, type))
  }
}

function contains(field: string, text: string): Predicate {
  // What a page or a file hands over is not typed.
  if (typeof text !== 'string') throw badFilter('for contains needs a text')
  const read = compileField(field)
  const folded = text.toLowerCase()
  return (row) => {
    const held = read(row)
    return typeof held === 'string' && held.toLowerCase().includes(folded)
  }
}

function compares(
  { field, value }: { readonly field: string; readonly value: Value },
  columns: ColumnTypes,
  accept: (sign: number) => boolean,
): Predicate {
  const read = compileField(field)
  const type = columnType(columns, field)
  return (row) => {
    const sign = compareComparable(read(row), value, type)
    return sign !== undefined && accept(sign)
  }
}
