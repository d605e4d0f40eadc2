import { useMemo } from 'react'
import type { Filter, OrderTerm, Query, Row } from '@freshet/core'
import { fieldType } from '../value/field-type.ts'
import { useLiveView } from '../data/use-live-view.ts'
import type { StudioTable } from '../data/studio-table.ts'
import { readColumnFilter, rowContains, type ColumnFilter } from './column-filter.ts'

/** What a person asked of a table. */
export type GridQuery = {
  readonly order: readonly OrderTerm[]
  /** What was typed above each column. */
  readonly typed: { readonly [field: string]: string }
  /** From 0. */
  readonly page: number
  readonly pageSize: number
}

export type GridRows = {
  readonly ids: readonly string[]
  readonly rows: readonly Row[]
  /** Matches on all pages. */
  readonly total: number
  readonly complete: boolean
  /** The page shown: the last one where the asked one is behind the end. */
  readonly page: number
  readonly mistakes: { readonly [field: string]: string }
}

/**
 * The rows of one page, live.
 *
 * Conditions are the kernel's. Text that is looked for is not something a
 * database compares alike, so it narrows what the conditions leave, here.
 */
export function useRows(table: StudioTable, { order, typed, page, pageSize }: GridQuery): GridRows {
  const asked = useMemo(() => readTyped(table, typed), [table, typed])
  const window = useMemo((): Query => {
    const query = { filter: asked.filter, order }
    return asked.contains.length > 0 ? query : { ...query, offset: page * pageSize, limit: pageSize }
  }, [asked, order, page, pageSize])
  const snapshot = useLiveView(table, window)
  return useMemo(() => {
    const { mistakes } = asked
    const { complete } = snapshot
    if (asked.contains.length === 0) {
      return { ids: snapshot.ids, rows: snapshot.rows, total: snapshot.total, complete, page, mistakes }
    }
    const found = snapshot.rows.flatMap((row, index) => {
      const matches = asked.contains.every(([field, text]) => rowContains(row, field, text))
      return matches ? [[snapshot.ids[index] ?? '', row] as const] : []
    })
    const shown = found.slice(page * pageSize, (page + 1) * pageSize)
    return {
      ids: shown.map(([id]) => id),
      rows: shown.map(([, row]) => row),
      total: found.length,
      complete,
      page,
      mistakes,
    }
  }, [asked, snapshot, page, pageSize])
}

type Asked = {
  readonly filter: Filter | undefined
  readonly contains: readonly (readonly [field: string, text: string])[]
  readonly mistakes: { readonly [field: string]: string }
}

function readTyped({ schema }: StudioTable, typed: GridQuery['typed']): Asked {
  const read = Object.entries(typed).map(([field, text]): readonly [string, ColumnFilter] => [
    field,
    readColumnFilter(text, field, fieldType(schema, field)),
  ])
  const filters = read.flatMap(([, filter]) => (filter.kind === 'condition' ? [filter.filter] : []))
  return {
    filter: filters.length === 0 ? undefined : { op: 'and', filters },
    contains: read.flatMap(([field, filter]) =>
      filter.kind === 'contains' ? [[field, filter.text] as const] : [],
    ),
    mistakes: Object.fromEntries(
      read.flatMap(([field, filter]) =>
        filter.kind === 'mistake' ? [[field, filter.message] as const] : [],
      ),
    ),
  }
}
