import type { Filter, Query } from '@freshet/core'
import type { MasterEntry, MasterPreview, RowPage } from '../master.ts'
import { quote, type PgTable } from './postgres-catalog.ts'
import { createBinder, filterToSql, orderToSql, type Binder } from './postgres-filter.ts'
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
  /** Says no statement before the table was looked at. */
  preview(query: Query): MasterPreview
}

/** What stands behind the condition of a statement. */
type Rest = (table: PgTable, bind: Binder['bind']) => string

export function createPostgresReads(handle: TableHandle): PostgresReads {
  const { schema, run } = handle

  const selection = (table: PgTable, filter: Filter | undefined, rest: Rest) => {
    const binder = createBinder()
    const condition = filterToSql(filter, { schema, table, binder })
    const selected = selectedColumns(schema, table)
    const text = `SELECT ${selected} FROM ${table.sqlName} WHERE ${condition} ${rest(table, binder.bind)}`
    return { text, values: binder.values }
  }
  const select = async (
    filter: Filter | undefined,
    rest: Rest,
    signal: AbortSignal | undefined,
  ): Promise<MasterEntry[]> => {
    const { columns, rows } = await handle.withTable((table) => run(selection(table, filter, rest), signal))
    return handle.readers.entries(columns, rows)
  }
  const windowOf =
    ({ order = [], offset = 0, limit }: Query): Rest =>
    (table, bind) =>
      `ORDER BY ${orderToSql(order, { schema, table })}` +
      `${limit === undefined ? '' : ` LIMIT ${bind(String(limit))}`}${offset === 0 ? '' : ` OFFSET ${bind(String(offset))}`}`
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
    async list(query, signal) {
      const { filter, offset = 0, limit } = query
      const isWhole = limit === undefined && offset === 0
      const [rows, total] = await Promise.all([
        select(filter, windowOf(query), signal),
        isWhole ? undefined : count(filter, signal),
      ])
      return { rows, total: total ?? rows.length }
    },
    preview(query) {
      const table = handle.known
      if (table === undefined) return { here: [] }
      const { text, values } = selection(table, query.filter, windowOf(query))
      const parameters = values.map((value, at): [string, string] => [String(at + 1), String(value)])
      return { statement: text, parameters: Object.fromEntries(parameters), here: [] }
    },
    async page(filter, after, limit, signal) {
      // In the order of the key's own index, so that each page costs the same.
      const rest: Rest = (table, bind) => {
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
