import type { Filter } from '@freshet/core'
import { checkPatch, checkRow } from '../check-row.ts'
import { both } from '../master-schema.ts'
import type { Master, MasterCapabilities, TableSchema } from '../master.ts'
import { referenceTarget } from '../reference-filter.ts'
import type { SurrealConnection } from './surreal-connection.ts'
import { surrealEvaluates } from './surreal-filter.ts'
import type { SurrealOperations } from './surreal-operations.ts'
import { createSurrealReads } from './surreal-reads.ts'
import { watchSurrealTable } from './surreal-watch.ts'
import { createSurrealWrites } from './surreal-writes.ts'

/** One table of a SurrealDB database. */
export type SurrealTable = {
  readonly name: string
  readonly schema: TableSchema
  readonly connection: SurrealConnection
  readonly operations: SurrealOperations
  readonly schemaOf: (table: string) => TableSchema
}

const capabilities: MasterCapabilities = {
  filter: true,
  order: true,
  count: true,
  write: true,
  backendIds: true,
  returnedRow: true,
  guard: true,
  versions: false,
  absent: true,
  push: 'hint',
  resumable: false,
  deletesSeen: true,
  opEcho: false,
}

export function createSurrealMaster(table: SurrealTable, filter: Filter | undefined): Master {
  const { name, schema, schemaOf, connection } = table
  const reads = createSurrealReads(table, filter)
  const writes = createSurrealWrites(table, reads)

  return {
    name,
    schema,
    capabilities,
    evaluates: surrealEvaluates(schema),
    filter,

    list: (query, signal) => reads.list({ ...query, filter: both(filter, query.filter) }, signal),
    page: ({ after, limit }, signal) => reads.page(after, limit, signal),
    get: (ids, signal) => reads.get(ids, filter, signal),
    count: (narrower, signal) => reads.count(both(filter, narrower), signal),
    preview: (query) => reads.preview({ ...query, filter: both(filter, query.filter) }),

    insert: async (id, row, options) => writes.insert(id, checkRow(row, schema.idField, id), options),
    replace: async (id, row, options) => writes.replace(id, checkRow(row, schema.idField, id), options),
    patch: async (id, patch, options) => writes.patch(id, checkPatch(patch, schema.idField, id), options),
    delete: (id, options) => writes.delete(id, options),
    deleteAll: (narrower, options) => writes.deleteAll(both(filter, narrower), options),
    async insertReturnId(row, options) {
      const id = await writes.makeId(options.signal)
      return { ...(await writes.insert(id, checkRow(row, schema.idField, id), options)), id }
    },

    watch: ({ signal }) => watchSurrealTable(name, connection, signal),
    withFilter: (narrower) => createSurrealMaster(table, both(filter, narrower)),
    getReference(reference, row) {
      const target = referenceTarget(table, reference, row, schemaOf)
      const targetTable = { ...table, name: target.table, schema: schemaOf(target.table) }
      return createSurrealMaster(targetTable, target.filter)
    },
  }
}
