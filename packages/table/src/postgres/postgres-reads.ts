import type { Filter, Query } from '@freshet/core'
import type { MasterEntry, RowPage } from '../master.ts'
import { quote, type PgTable } from './postgres-catalog.ts'
import { createBinder, filterToSql, orderToSql } from './postgres-filter.ts'
import { idIsOneOf, idParameter } from './row-id.ts'
import { selectedColumns, type TableHandle } from './table-handle.ts'

export type PostgresReads = {
  list(query: Query, signal: AbortSignal | undefined): Promise<RowPage>
  page(
    filter: Filter | undefined,
    after: string | undefined,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<RowPage>
  get(
    ids: readonly string[],
    filter: Filter | undefined,
    signal: AbortSignal | undefined,
  ): Promise<MasterEntry[]>
  count(filter: Filter | undefined, signal: AbortSignal | undefined): Promise<number>
}

export function createPostgresReads(handle: TableHandle): PostgresReads {
  const { schema, run } = handle

  /** Rows that meet a condition; `rest` is what stands behind it. */
  const select = async (
    filter: Filter | undefined,
    rest: (table: PgTable, bind: (value: string | null) => string) => string,
    signal: AbortSignal | undefined,
  ): Promise<MasterEntry[]> => {
    const { columns, rows } = await handle.withTable((table) => {
      const binder = createBinder()
      const condition = filterToSql(filter, { schema, table, binder })
      const selected = selectedColumns(schema, table)
      const text = `SELECT ${selected} FROM ${table.sqlName} WHERE ${condition} ${rest(table, binder.bind)}`
      return run({ text, values: binder.values }, signal)
    })
    return handle.readers.entries(columns, rows)
  }
  const count = (filter: Filter | undefined, signal: AbortSignal | undefined): Promise<number> =>
    handle.withTable(async (table) => {
      const binder = createBinder()
      const condition = filterToSql(filter, { schema, table, binder })
      const text = `SELECT count(*) FROM ${table.sqlName} WHERE ${condition}`
      const { rows } = await run({ text, values: binder.values }, signal)
      return Number(rows[0]?.[0])
    })

  return {
    count,
    async list({ filter, order = [], offset = 0, limit }, signal) {
      const window = (table: PgTable, bind: (value: string | null) => string): string =>
        `ORDER BY ${orderToSql(order, { schema, table })}` +
        `${limit === undefined ? '' : ` LIMIT ${bind(String(limit))}`}${offset === 0 ? '' : ` OFFSET ${bind(String(offset))}`}`
      const isWhole = limit === undefined && offset === 0
      const [rows, total] = await Promise.all([
        select(filter, window, signal),
        isWhole ? undefined : count(filter, signal),
      ])
      return { rows, total: total ?? rows.length }
    },
    async page(filter, after, limit, signal) {
      // In the order of the key's own index, so that each page costs the same.
      const rest = (table: PgTable, bind: (value: string | null) => string): string => {
        // Unqualified it would be the selected text of the id.
        const id = `${table.sqlName}.${quote(schema.idField)}`
        const behind =
          after === undefined ? '' : `AND ${id} > ${idParameter(table, schema.idField, bind(after))} `
        return `${behind}ORDER BY ${id} LIMIT ${bind(String(limit + 1))}`
      }
      const rows = await select(filter, rest, signal)
      if (rows.length <= limit) return { rows }
      rows.pop()
      return { rows, next: rows.at(-1)?.[0] }
    },
    async get(ids, filter, signal) {
      if (ids.length === 0) return []
      const rows = await select(
        filter,
        (table, bind) => `AND ${idIsOneOf(table, schema.idField, ids, bind)}`,
        signal,
      )
      const found = new Map(rows.map((entry) => [entry[0], entry]))
      return ids.map((id) => found.get(id)).filter((entry) => entry !== undefined)
    },
  }
}
