import type { Filter, Query } from '@freshet/core'
import { columnType } from '../master-schema.ts'
import type { MasterEntry, RowPage } from '../master.ts'
import { selectEntries } from '../memory/select-entries.ts'
import { filterToSql, orderToSql, quote } from './sqlite-filter.ts'
import type { SqliteTable } from './sqlite-master.ts'
import { sqliteToValue, type SqliteValue } from './sqlite-values.ts'

export type SqliteReads = {
  /** The columns that `toEntry` wants, in its order. */
  readonly columns: string
  toEntry(held: readonly SqliteValue[]): MasterEntry
  list(query: Query): RowPage
  page(filter: Filter | undefined, after: string | undefined, limit: number): RowPage
  get(ids: readonly string[], filter: Filter | undefined): MasterEntry[]
  count(filter: Filter | undefined): number
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
  const select = (filter: Filter | undefined, rest: string, more: readonly SqliteValue[]): MasterEntry[] => {
    const { sql, values, tests } = filterToSql(filter, schema)
    const statement = `SELECT ${columns} FROM ${table} WHERE ${sql} ${rest}`
    return connection.all({ sql: statement, values: [...values, ...more], tests }).map(toEntry)
  }

  return {
    columns,
    toEntry,
    count,
    list: ({ filter, order = [], offset = 0, limit }) =>
      connection.transaction('read', () => {
        const clause = orderToSql(order, schema)
        // A sort that SQLite does otherwise is done here, over all that match.
        if (clause === undefined)
          return selectEntries(schema, select(filter, '', []), { order, offset, limit })
        const rows = select(filter, `ORDER BY ${clause} LIMIT ? OFFSET ?`, [limit ?? -1, offset])
        return { rows, total: limit === undefined && offset === 0 ? rows.length : count(filter) }
      }),
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
