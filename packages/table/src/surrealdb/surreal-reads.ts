import type { Filter, Query } from '@freshet/core'
import { BoundExcluded, RecordIdRange } from 'surrealdb'
import type { MasterEntry, MasterPreview, RowPage } from '../master.ts'
import { surrealToError } from './surreal-errors.ts'
import { createBinder, filterToSurreal, orderToSurreal, quote, type Binder } from './surreal-filter.ts'
import type { SurrealTable } from './surreal-master.ts'
import { idToRecordId, isKeptText } from './surreal-record-id.ts'
import { recordToRow } from './surreal-values.ts'
import { createWalk } from './surreal-walk.ts'

export type SurrealReads = {
  list(query: Query, signal?: AbortSignal): Promise<RowPage>
  page(after: string | undefined, limit: number, signal?: AbortSignal): Promise<RowPage>
  get(ids: readonly string[], filter?: Filter, signal?: AbortSignal): Promise<readonly MasterEntry[]>
  count(filter?: Filter, signal?: AbortSignal): Promise<number>
  preview(query: Query): MasterPreview
}

/** @param viewed - The condition under which `page` walks. */
export function createSurrealReads(
  { name, schema, connection }: SurrealTable,
  viewed: Filter | undefined,
): SurrealReads {
  // Named in the statement: from a bound table SurrealDB 3.0.2 takes the window before it sorts.
  const table = quote(name)
  const entriesOf = (records: unknown): MasterEntry[] => {
    if (!Array.isArray(records)) throw new TypeError('SurrealDB returned no list of records.')
    // A SELECT of whole records yields records; recordToRow checks each.
    return (records as Record<string, unknown>[]).map((record) => recordToRow(record, schema))
  }
  const run = async (
    statements: string,
    binder: Binder,
    signal: AbortSignal | undefined,
  ): Promise<unknown[]> => {
    try {
      return await connection.run(statements, binder.bindings, signal)
    } catch (error) {
      throw surrealToError(error)
    }
  }
  const whereClause = (filter: Filter | undefined, binder: Binder): string =>
    filter === undefined ? '' : `WHERE ${filterToSurreal(filter, { table: name, schema, binder })}`

  const listStatements = ({ filter, order = [], offset = 0, limit }: Query, binder: Binder) => {
    const where = whereClause(filter, binder)
    const { projections, clause } = orderToSurreal(order, schema)
    const window = `${limit === undefined ? '' : `LIMIT ${binder.bind(limit)} `}START ${binder.bind(offset)}`
    return {
      rows: `SELECT ${projections} FROM ${table} ${where} ORDER BY ${clause} ${window}`,
      total: `SELECT VALUE count FROM (SELECT count() FROM ${table} ${where} GROUP ALL)`,
    }
  }

  const walk = createWalk({
    async byPlace(start, limit, signal) {
      const binder = createBinder()
      const window = `LIMIT ${binder.bind(limit)} START ${binder.bind(start)}`
      const [records] = await run(
        `SELECT * FROM ${table} ${whereClause(viewed, binder)} ${window}`,
        binder,
        signal,
      )
      return entriesOf(records)
    },
    async afterId(id, limit, signal) {
      const binder = createBinder()
      const behind = new RecordIdRange(name, new BoundExcluded(idToRecordId(name, id).id), undefined)
      const source = binder.bind(behind)
      const where = whereClause(viewed, binder)
      const [records] = await run(
        `SELECT * FROM ${source} ${where} LIMIT ${binder.bind(limit)}`,
        binder,
        signal,
      )
      return entriesOf(records)
    },
  })

  return {
    page: walk,
    async list(query, signal) {
      const binder = createBinder()
      const { rows, total } = listStatements(query, binder)
      const [records, counts] = await run(`${rows}; ${total}`, binder, signal)
      return { rows: entriesOf(records), total: firstNumber(counts) }
    },
    preview(query) {
      const binder = createBinder()
      const { rows } = listStatements(query, binder)
      const parameters = Object.entries(binder.bindings).map(([name, value]): [string, string] => [
        name,
        String(value),
      ])
      return { statement: rows, parameters: Object.fromEntries(parameters), here: [] }
    },
    async get(ids, filter, signal) {
      const binder = createBinder()
      const records = ids.filter(isKeptText).map((id) => idToRecordId(name, id))
      const statement = `SELECT * FROM ${binder.bind(records)} ${whereClause(filter, binder)}`
      const [found] = await run(statement, binder, signal)
      const byId = new Map(entriesOf(found).map((entry) => [entry[0], entry]))
      return ids.map((id) => byId.get(id)).filter((entry) => entry !== undefined)
    },
    async count(filter, signal) {
      const binder = createBinder()
      const where = whereClause(filter, binder)
      const [counts] = await run(
        `SELECT VALUE count FROM (SELECT count() FROM ${table} ${where} GROUP ALL)`,
        binder,
        signal,
      )
      return firstNumber(counts)
    },
  }
}

function firstNumber(counts: unknown): number {
  const first: unknown = Array.isArray(counts) ? counts[0] : undefined
  return typeof first === 'number' ? first : 0
}
