import type { Filter } from '@freshet/core'
import { checkPatch, checkRow } from '../check-row.ts'
import { both } from '../master-schema.ts'
import type { Conflict, Deleted, Master, MasterCapabilities, Stored, TableSchema } from '../master.ts'
import { referenceTarget } from '../reference-filter.ts'
import type { ChangeLog } from './change-log.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { createSqliteReads } from './sqlite-reads.ts'
import { createSqliteWrites } from './sqlite-writes.ts'

/** One table of a SQLite database. */
export type SqliteTable = {
  readonly name: string
  readonly schema: TableSchema
  readonly connection: SqliteConnection
  readonly log: ChangeLog
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
  absent: false,
  push: 'lossless',
  resumable: true,
  deletesSeen: true,
  opEcho: true,
}

/** The answer to a write that was taken before. What is there now may be someone else's. */
const storedBefore: Stored = { kind: 'stored' }

export function createSqliteMaster(table: SqliteTable, filter: Filter | undefined): Master {
  const { name, schema, connection, log, schemaOf } = table
  const { idField } = schema
  const reads = createSqliteReads(table)
  const writes = createSqliteWrites(table, reads)

  return {
    name,
    schema,
    capabilities,
    // Texts are sorted by code point here as there. All else is decided by our own code.
    evaluates: { filter: () => true, order: () => true },
    filter,

    async list(query, signal) {
      connection.assertReady(signal)
      return reads.list({ ...query, filter: both(filter, query.filter) })
    },
    async page({ after, limit }, signal) {
      connection.assertReady(signal)
      return reads.page(filter, after, limit)
    },
    async get(ids, signal) {
      connection.assertReady(signal)
      return reads.get(ids, filter)
    },
    async count(narrower, signal) {
      connection.assertReady(signal)
      return reads.count(both(filter, narrower))
    },
    preview: (query) => reads.preview({ ...query, filter: both(filter, query.filter) }),

    async insert(id, row, { opId, signal }) {
      connection.assertReady(signal)
      const checked = checkRow(row, idField, id)
      return log.write<Stored>(opId, () => writes.insert(id, checked), storedBefore)
    },
    async replace(id, row, { opId, expect, signal }) {
      connection.assertReady(signal)
      const checked = checkRow(row, idField, id)
      return log.write<Stored | Conflict>(opId, () => writes.replace(id, checked, expect), storedBefore)
    },
    async patch(id, patch, { opId, expect, signal }) {
      connection.assertReady(signal)
      const checked = checkPatch(patch, idField, id)
      return log.write<Stored | Conflict>(opId, () => writes.patch(id, checked, expect), storedBefore)
    },
    async delete(id, { opId, expect, signal }) {
      connection.assertReady(signal)
      return log.write<Deleted | Conflict>(opId, () => writes.delete(id, expect), { kind: 'deleted' })
    },
    async deleteAll(narrower, { opId, signal }) {
      connection.assertReady(signal)
      log.write(opId, () => writes.deleteAll(both(filter, narrower)))
    },
    async insertReturnId(row, { opId, signal }) {
      connection.assertReady(signal)
      return log.write(opId, () => writes.insertReturnId(row))
    },

    watch(options) {
      connection.assertReady(undefined)
      return log.watch(name, (ids) => reads.get(ids, undefined), options)
    },
    withFilter: (narrower) => createSqliteMaster(table, both(filter, narrower)),
    getReference(reference, row) {
      const target = referenceTarget(table, reference, row, schemaOf)
      const other = { ...table, name: target.table, schema: schemaOf(target.table) }
      return createSqliteMaster(other, target.filter)
    },
  }
}
