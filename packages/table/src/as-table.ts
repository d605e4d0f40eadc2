import {
  FreshetError,
  systemClock,
  systemRandom,
  uuidV7,
  type Clock,
  type Query,
  type Random,
  type Row,
} from '@freshet/core'
import type { AnyTable } from './any-table.ts'
import { equalsText } from './column-text.ts'
import { createConditions } from './conditions.ts'
import type { Conflict, Master, Stored } from './master.ts'
import { pagination, windowOf, type Pagination } from './pagination.ts'
import { previewQuery } from './query-preview.ts'
import { searchFilter } from './search-filter.ts'
import { tableMetadata } from './table-metadata.ts'

/**
 * A plain master as a table: every read asks the remote, every write goes
 * straight there. What takes an `AnyTable` takes this or a `LiveTable`.
 */
export function asTable(
  master: Master,
  options: { readonly clock?: Clock | undefined; readonly random?: Random | undefined } = {},
): AnyTable {
  const { clock = systemClock, random = systemRandom } = options
  const conditions = createConditions(undefined)
  let page: Pagination | undefined
  const write = () => ({ opId: uuidV7(random, clock.now()) })
  const view = (): Master => {
    const { filter } = conditions
    return filter === undefined ? master : master.withFilter(filter)
  }
  const list = async (query: Query): Promise<Map<string, Row>> => {
    const { rows } = await view().list(query)
    return new Map(rows.map(([id, row]): [string, Row] => [id, row]))
  }
  const rowOf = async (id: string, result: Stored | Conflict): Promise<Row> => {
    if (result.row) return result.row
    const [entry] = await master.get([id])
    return entry?.[1] ?? notReturned(id)
  }

  return {
    ...tableMetadata(master),
    getRef: (name, row) => asTable(master.getReference(name, row), options),
    listValues: () => list(windowOf(page)),
    async getValue(id) {
      const [entry] = await view().get([id])
      return entry?.[1]
    },
    async getSomeValue() {
      const [first] = await list({ limit: 1 })
      return first
    },
    getCount: () => view().count(),
    insertValue: async (id, row) => rowOf(id, await master.insert(id, row, write())),
    replaceValue: async (id, row) => rowOf(id, await master.replace(id, row, write())),
    patchValue: async (id, partial) =>
      rowOf(id, await master.patch(id, { set: definedFields(partial) }, write())),
    async delete(id) {
      await master.delete(id, write())
      return { kind: 'deleted' }
    },
    async deleteAll() {
      await view().deleteAll(undefined, write())
      return { kind: 'deleted' }
    },
    async insertReturnIdValue(row) {
      const { id } = await master.insertReturnId(row, write())
      return id
    },
    setPagination(next) {
      page = next && pagination(next.page, next.ipp)
    },
    getPagination: () => page,
    addCondition: (filter) => void conditions.add(filter),
    addConditionEq: (field, text) => void conditions.add(equalsText(master.schema, field, text)),
    searchExpression: (text) => searchFilter(master.schema, text),
    preview: (query = windowOf(page)) =>
      previewQuery(master, conditions.filter, query, () => ({ source: 'remote', cacheKey: undefined })),
    tempAddCondition: conditions.add,
    tempRemoveCondition: conditions.remove,
  }
}

/** A partial row without the fields that are `undefined`, which say nothing. */
export function definedFields(partial: Partial<Row>): Row {
  return Object.fromEntries(
    Object.entries(partial).flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])),
  )
}

export function notReturned(id: string): never {
  throw new FreshetError({
    code: 'table/not-returned',
    kind: 'conflict',
    message: `Row ${JSON.stringify(id)} was written and is gone again: someone else deleted it.`,
  })
}
