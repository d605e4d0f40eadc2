import { ExactSum } from '../exact-sum.ts'
import { compileField, compilePredicate } from '../predicate.ts'
import type { Query } from '../query.ts'
import { compileOrder } from '../row-order.ts'
import type { ColumnType } from '../schema.ts'
import { columnType } from '../value-equality.ts'
import { compareValues, meaning } from '../value-order.ts'
import type { Row, Value } from '../value.ts'
import { viewsColumns, type ViewsStep } from './views-history.ts'

export type ExpectedView = {
  readonly ids: readonly string[]
  readonly total: number
  readonly complete: boolean
}

/** A query answered from scratch: every row asked, all matches sorted, the window cut out. */
export function expectedView(
  query: Query,
  visible: ReadonlyMap<string, Row>,
  complete: boolean,
): ExpectedView {
  const matches = compilePredicate(query.filter, viewsColumns)
  const compare = compileOrder(query.order, viewsColumns)
  const found = [...visible].filter(([, row]) => matches(row))
  found.sort(([idA, rowA], [idB, rowB]) => compare(rowA, idA, rowB, idB))
  const offset = query.offset ?? 0
  const window = found.slice(offset, offset + (query.limit ?? Infinity))
  return { ids: window.map(([id]) => id), total: found.length, complete }
}

/** Totals from scratch by name, each with the column type by which it is to be compared. */
export function expectedAggregate(
  asked: Extract<ViewsStep, { readonly kind: 'total' }>,
  visible: ReadonlyMap<string, Row>,
): readonly { readonly name: string; readonly value: Value; readonly type: ColumnType }[] {
  const matches = compilePredicate(asked.filter, viewsColumns)
  const rows = [...visible.values()].filter(matches)
  return Object.entries(asked.spec).map(([name, term]) => {
    if (term.op === 'count') return { name, value: rows.length, type: 'int' }
    const type = columnType(viewsColumns, term.field)
    const values = rows.map(compileField(term.field)).filter((value) => value !== undefined && value !== null)
    if (term.op === 'sum') return { name, value: sumOf(values.map((value) => meaning(value, type))), type }
    const sorted = values.toSorted((a, b) => compareValues(a, b, type))
    return { name, value: sorted.at(term.op === 'min' ? 0 : -1) ?? null, type }
  })
}

function sumOf(values: readonly Value[]): Value {
  const sum = new ExactSum()
  // In another order than they came, which must not matter.
  for (const value of values.toReversed()) sum.add(value)
  return sum.value()
}
