import { compileField } from './predicate.ts'
import type { OrderTerm } from './query.ts'
import type { ColumnType, ColumnTypes } from './schema.ts'
import { columnType } from './value-equality.ts'
import { compareValues } from './value-order.ts'
import type { Row, Value } from './value.ts'

/** Orders two rows of a collection; zero only for the same id. */
export type RowComparator = (rowA: Row, idA: string, rowB: Row, idB: string) => number

/**
 * Compiles an order once, to be asked about many rows [Q2].
 *
 * Null and absent come last in both directions. Ties, and everything when no
 * order is given, are broken by id, ascending by UTF-16 code unit.
 */
export function compileOrder(order: readonly OrderTerm[] = [], columns: ColumnTypes = {}): RowComparator {
  const terms = order.map((term) => compileTerm(term, columns))
  return (rowA, idA, rowB, idB) => {
    for (const term of terms) {
      const sign = term(rowA, rowB)
      if (sign !== 0) return sign
    }
    if (idA === idB) return 0
    return idA < idB ? -1 : 1
  }
}

function compileTerm(term: OrderTerm, columns: ColumnTypes): (a: Row, b: Row) => number {
  const read = compileField(term.field)
  const type = columnType(columns, term.field)
  const direction = term.direction === 'desc' ? -1 : 1
  return (rowA, rowB) => compareTerm(read(rowA), read(rowB), type, direction)
}

function compareTerm(
  a: Value | undefined,
  b: Value | undefined,
  type: ColumnType,
  direction: 1 | -1,
): number {
  if (typeof a === 'number' && typeof b === 'number' && a !== b && a - b === a - b) {
    return a < b ? -direction : direction
  }
  const absentA = a === null || a === undefined
  const absentB = b === null || b === undefined
  if (absentA || absentB) return Number(absentA) - Number(absentB)
  return direction * compareValues(a, b, type)
}
