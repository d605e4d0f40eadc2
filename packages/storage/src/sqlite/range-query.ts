import type { StoreRange, StoreTable } from '@freshet/core'
import type { SQLInputValue } from 'node:sqlite'
import { idInterval, indexInterval, rangeLimit } from '../key-interval.ts'
import { indexNamed } from '../tables.ts'
import type { StoredTable } from './stored-table.ts'
import { toStoredText } from './stored-text.ts'

export type RangeQuery = { readonly sql: string; readonly values: readonly SQLInputValue[] }

type Condition = { readonly sql: string; readonly value: SQLInputValue }

/** A range as SQL; every value is bound, and names are numbers of ours. */
export function rangeQuery(stored: StoredTable, declared: StoreTable, range: StoreRange): RangeQuery {
  const limit = rangeLimit(range)
  const direction = range.reverse === true ? 'DESC' : 'ASC'
  const isById = range.index === undefined
  const key = isById ? 'id' : keyColumn(stored, declared, range.index)
  const { from, before } = isById ? idInterval(range) : indexInterval(range)
  const conditions: Condition[] = []
  if (from !== undefined) conditions.push({ sql: `${key} >= ?`, value: toStoredText(from) })
  if (before !== undefined) conditions.push({ sql: `${key} < ?`, value: toStoredText(before) })
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`
  // Ties go by id ascending in both directions, as the kernel's queries break them.
  const order = isById ? `id ${direction}` : `${key} ${direction}, id ASC`
  return {
    sql: `SELECT id, value FROM ${stored.source} ${where} ORDER BY ${order} LIMIT ?`,
    values: [...conditions.map(({ value }) => value), limit],
  }
}

function keyColumn(stored: StoredTable, declared: StoreTable, index: string): string {
  return `k${stored.indexes.indexOf(indexNamed(declared, index))}`
}
