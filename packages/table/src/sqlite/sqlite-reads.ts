import type { Filter, Query } from '@freshet/core'
import { columnType } from '../master-schema.ts'
import type { MasterEntry, MasterPreview, RowPage } from '../master.ts'
import { selectEntries } from '../memory/select-entries.ts'
import { filterToSql, orderToSql, quote, type SqlCondition } from './sqlite-filter.ts'
import type { SqliteTable } from './sqlite-master.ts'
import type { Statement } from './sqlite-connection.ts'
import { sqliteToValue, type SqliteValue } from './sqlite-values.ts'

export type SqliteReads = {
  /** The columns that `toEntry` wants, in its order. */
  readonly columns: string
  toEntry(held: readonly SqliteValue[]): MasterEntry
  list(query: Query): RowPage
  page(filter: Filter | undefined, after: string | undefined, limit: number): RowPage
  get(ids: readonly string[], filter: Filter | undefined): MasterEntry[]
  count(filter: Filter | undefined): number
  preview(query: Query): MasterPreview
}

/** Ids asked for in one statement. */
const idsPerStatement = 500

export function createSqliteReads({
  name,
  schema,
  connection,
}: Omit<SqliteTable, 'log' | 'schemaOf'>): SqliteReads {
  const table = quote(name)
  const idColumn = quote(schema.idField)
  const fields = Object.keys(schema.columns).filter((field) => field !== schema.idField)
  const columns = [`CAST(${idColumn} AS TEXT)`, ...fields.map(quote)].join(', ')

  const toEntry = ([id, ...held]: readonly SqliteValue[]): MasterEntry => {
    const entries = fields.map(
      (field, index) => [field, sqliteToValue(held[index] ?? null, columnType(schema, field))] as const,
    )
    return [String(id), Object.fromEntries([[schema.idField, String(id)], ...entries])]
  }
  const count = (filter: Filter | undefined): number => {
    const { sql, values, tests } = filterToSql(filter, schema)
    const rows = connection.all({ sql: `SELECT count(*) FROM ${table} WHERE ${sql}`, values, tests })
    return Number(rows[0]?.[0] ?? 0)
  }
  const selectStatement = (
    filter: Filter | undefined,
    rest: string,
    more: readonly SqliteValue[],
  ): Statement & SqlCondition => {
    const { sql, values, tests } = filterToSql(filter, schema)
    return {
      sql: `SELECT ${columns} FROM ${table} WHERE ${sql} ${rest}`,
      values: [...values, ...more],
      tests,
    }
  }
  const select = (filter: Filter | undefined, rest: string, more: readonly SqliteValue[]): MasterEntry[] =>
    connection.all(selectStatement(filter, rest, more)).map(toEntry)
  /** The end of the statement of a query; `undefined` where the sort is done here, over all that match. */
  const windowOf = ({ order = [], offset = 0, limit }: Query) => {
    const clause = orderToSql(order, schema)
    if (clause === undefined) return undefined
    return { rest: `ORDER BY ${clause} LIMIT ? OFFSET ?`, values: [limit ?? -1, offset] }
  }

  return {
    columns,
    toEntry,
    count,
    list: (query) =>
      connection.transaction('read', () => {
        const { filter, order = [], offset = 0, limit } = query
        const window = windowOf(query)
        if (window === undefined)
          return selectEntries(schema, select(filter, '', []), { order, offset, limit })
        const rows = select(filter, window.rest, window.values)
        return { rows, total: limit === undefined && offset === 0 ? rows.length : count(filter) }
      }),
    preview(query) {
      const window = windowOf(query)
      const { sql, values, tests } = selectStatement(query.filter, window?.rest ?? '', window?.values ?? [])
      return {
        statement: sql.trim(),
        parameters: Object.fromEntries(values.map((value, at) => [String(at + 1), String(value)])),
        here: [...(tests.length > 0 ? ['filter' as const] : []), ...(window ? [] : ['order' as const])],
      }
    },
    page(filter, after, limit) {
      const rest = `${after === undefined ? '' : `AND ${idColumn} > ?`} ORDER BY ${idColumn} LIMIT ?`
      const rows = select(filter, rest, after === undefined ? [limit + 1] : [after, limit + 1])
      if (rows.length <= limit) return { rows }
      rows.pop()
      return { rows, next: rows.at(-1)?.[0] }
    },
    get(ids, filter) {
      const found = new Map<string, MasterEntry>()
      for (let at = 0; at < ids.length; at += idsPerStatement) {
        const some = ids.slice(at, at + idsPerStatement).filter((id) => id.isWellFormed())
        const rest = `AND ${idColumn} IN (${some.map(() => '?').join(', ')})`
        for (const entry of select(filter, rest, some)) found.set(entry[0], entry)
      }
      return ids.map((id) => found.get(id)).filter((entry) => entry !== undefined)
    },
  }
}
