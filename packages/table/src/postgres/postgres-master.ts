import type { Clock, Filter } from '@freshet/core'
import { checkPatch, checkRow } from '../check-row.ts'
import { both } from '../master-schema.ts'
import type { Master, MasterCapabilities, MasterChange, WatchOptions } from '../master.ts'
import { referenceTarget } from '../reference-filter.ts'
import { cursorLsn } from './change-cursor.ts'
import { watchByNotify } from './notify-watch.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { postgresEvaluates } from './postgres-filter.ts'
import type { PostgresReads } from './postgres-reads.ts'
import { createPostgresWrites } from './postgres-writes.ts'
import { watchByReplication } from './replication-watch.ts'
import type { TableFeed } from './table-feed.ts'
import type { TableHandle } from './table-handle.ts'

/** One table of a PostgreSQL database. */
export type PostgresTable = {
  readonly handle: TableHandle
  readonly connection: PostgresConnection
  readonly reads: PostgresReads
  readonly publication: string
  /** The name of its replication slot; without one it lasts as long as a watch. */
  readonly slot: string | undefined
  readonly clock: Clock
  readonly schemaCheckMs: number
  /** Aborted when the database is closed. */
  readonly closing: AbortSignal
  /** How changes are heard of, once that is known. */
  feed(): TableFeed | undefined
  decideFeed(): Promise<TableFeed>
  /** Ways to tell the server what is safe here, one for each watch that runs. */
  readonly streams: Set<(lsn: bigint) => void>
  /** @throws {FreshetError} `table/unknown-table`. */
  tableOf(name: string): PostgresTable
}

export function createPostgresMaster(table: PostgresTable, filter: Filter | undefined): Master {
  const { handle, connection, reads } = table
  const { name, schema } = handle
  const { idField } = schema
  const replicates = (): boolean => table.feed()?.kind === 'replication'
  const writes = createPostgresWrites(handle, reads, { echoes: replicates })
  const evaluates = postgresEvaluates(schema, () => handle.known)

  return {
    name,
    schema,
    get capabilities() {
      return capabilitiesOf(table.feed(), table.slot !== undefined)
    },
    evaluates,
    filter,

    list: (query, signal) => reads.list({ ...query, filter: both(filter, query.filter) }, signal),
    page: ({ after, limit }, signal) => reads.page(filter, after, limit, signal),
    get: (ids, signal) => reads.get(ids, filter, signal),
    count: (narrower, signal) => reads.count(both(filter, narrower), signal),
    preview: (query) => reads.preview({ ...query, filter: both(filter, query.filter) }),

    insert: async (id, row, options) => writes.insert(id, checkRow(row, idField, id), options),
    replace: async (id, row, options) => writes.replace(id, checkRow(row, idField, id), options),
    patch: async (id, patch, options) => writes.patch(id, checkPatch(patch, idField, id), options),
    delete: (id, options) => writes.delete(id, options),
    deleteAll: (narrower, options) => writes.deleteAll(both(filter, narrower), options),
    insertReturnId: async (row, options) => writes.insertReturnId(row, options),

    watch(options) {
      connection.assertOpen()
      // Where only the server can tell what is in the view, a change that was heard of and not read yet
      // must not be taken for known by a later run.
      const from = filter === undefined || evaluates.filter(filter) ? options.from : undefined
      return watchTable(table, { ...options, from }, filter !== undefined)
    },
    acknowledge(cursor) {
      const lsn = cursorLsn(cursor)
      if (lsn !== undefined) for (const tell of table.streams) tell(lsn)
    },
    withFilter: (narrower) => createPostgresMaster(table, both(filter, narrower)),
    getReference(reference, row) {
      const target = referenceTarget(
        { name, schema },
        reference,
        row,
        (other) => table.tableOf(other).handle.schema,
      )
      return createPostgresMaster(table.tableOf(target.table), target.filter)
    },
  }
}

/** Before the server could be asked, no more is claimed than any feed delivers. */
function capabilitiesOf(feed: TableFeed | undefined, isKept: boolean): MasterCapabilities {
  const replicates = feed?.kind === 'replication'
  return {
    filter: true,
    order: true,
    count: true,
    write: true,
    backendIds: true,
    returnedRow: true,
    guard: true,
    versions: false,
    absent: false,
    push: replicates ? 'lossless' : feed?.kind === 'none' ? 'none' : 'hint',
    resumable: replicates && isKept,
    deletesSeen: replicates || feed?.kind === 'notify',
    opEcho: replicates,
  }
}

async function* watchTable(
  table: PostgresTable,
  { signal, from }: WatchOptions,
  wantsBefore: boolean,
): AsyncGenerator<MasterChange> {
  const { handle, connection, closing, streams } = table
  const either = AbortSignal.any([signal, closing])
  if (signal.aborted) return
  const feed = await table.decideFeed()
  if (feed.kind === 'replication') {
    let acknowledge: ((lsn: bigint) => void) | undefined
    yield* watchByReplication({
      config: connection.config,
      handle,
      run: connection.rows,
      publication: table.publication,
      slot: table.slot,
      from,
      wantsBefore,
      clock: table.clock,
      schemaCheckMs: table.schemaCheckMs,
      signal: either,
      readRows: (ids) => table.reads.get(ids, undefined, undefined),
      onStream(tell) {
        if (acknowledge !== undefined) streams.delete(acknowledge)
        acknowledge = tell
        if (tell !== undefined) streams.add(tell)
      },
    })
    return
  }
  if (feed.kind === 'notify') {
    yield* watchByNotify({
      config: connection.config,
      run: connection.rows,
      table: handle.reload,
      idField: handle.schema.idField,
      signal: either,
    })
    return
  }
  // Nothing will be told; everything is read again from time to time.
  yield { kind: 'live' }
  await new Promise((resolve) => either.addEventListener('abort', resolve))
}
