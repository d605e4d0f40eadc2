import type { StoreRange, StoreTable } from '@freshet/core'
import type { SQLInputValue } from 'node:sqlite'
import { idBound, keyInterval, rangeLimit } from '../key-interval.ts'
import { indexNamed } from '../tables.ts'
import type { StoredTable } from './stored-table.ts'
import { toStoredText } from './stored-text.ts'

export type RangeQuery = { readonly sql: string; readonly values: readonly SQLInputValue[] }

type Condition = { readonly sql: string; readonly value: SQLInputValue }

/** A range as SQL; every value is bound, and names are numbers of ours. */
export function rangeQuery(stored: StoredTable, declared: StoreTable, range: StoreRange): RangeQuery {
  const limit = rangeLimit(range)
  const direction = range.reverse === true ? 'DESC' : 'ASC'
  const { conditions, order } =
    range.index === undefined
      ? byId(range, direction)
      : byIndex(stored, declared, range.index, range, direction)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`
  return {
    sql: `SELECT id, value FROM t${stored.number} ${where} ORDER BY ${order} LIMIT ?`,
    values: [...conditions.map(({ value }) => value), limit],
  }
}

type Parts = { readonly conditions: readonly Condition[]; readonly order: string }

function byId(range: StoreRange, direction: string): Parts {
  const lower = idBound(range.lower)
  const upper = idBound(range.upper)
  const conditions: Condition[] = []
  if (lower !== undefined) {
    conditions.push({
      sql: `id ${range.lowerInclusive === false ? '>' : '>='} ?`,
      value: toStoredText(lower),
    })
  }
  if (upper !== undefined) {
    conditions.push({
      sql: `id ${range.upperInclusive === false ? '<' : '<='} ?`,
      value: toStoredText(upper),
    })
  }
  return { conditions, order: `id ${direction}` }
}

/** Ties go by id ascending in both directions, as the kernel's queries break them. */
function byIndex(
  stored: StoredTable,
  declared: StoreTable,
  name: string,
  range: StoreRange,
  direction: string,
): Parts {
  const key = `k${stored.indexes.indexOf(indexNamed(declared, name))}`
  const { from, before } = keyInterval(range)
  const conditions: Condition[] = []
  if (from !== undefined) conditions.push({ sql: `${key} >= ?`, value: toStoredText(from) })
  if (before !== undefined) conditions.push({ sql: `${key} < ?`, value: toStoredText(before) })
  return { conditions, order: `${key} ${direction}, id ASC` }
}
