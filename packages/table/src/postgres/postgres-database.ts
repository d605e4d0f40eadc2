import { silentLog, systemClock, type Clock, type Log } from '@freshet/core'
import { databaseClosed, unknownTable } from '../master-errors.ts'
import type { MasterDatabase, TableSchema } from '../master.ts'
import { clientConfig, createPostgresConnection, isOutOfReach } from './postgres-connection.ts'
import { createTypeKinds, readTypes } from './postgres-kind.ts'
import { createPostgresMaster, type PostgresTable } from './postgres-master.ts'
import { createPostgresReads } from './postgres-reads.ts'
import { publicationName } from './publication.ts'
import { assertSlotName, slotName } from './replication-slot.ts'
import { chooseFeed, type TableFeed } from './table-feed.ts'
import { createTableHandle } from './table-handle.ts'

export type PostgresDatabaseOptions = {
  /** `postgres://user@host:port/database`, with what else `pg` reads of it. */
  readonly url: string
  /** Where it is not to stand in `url`. */
  readonly password?: string | undefined
  readonly tables: { readonly [table: string]: TableSchema }
  /** The schema that the tables stand in. Default `public`. */
  readonly schema?: string | undefined
  /**
   * Names this replica, such as `shop_cache`: the server then keeps what changes
   * while the replica is away, in a replication slot for each table, and a watch
   * goes on where it was. Each replica needs a name of its own, and its slots are
   * to be dropped when it is given up (`dropReplicationSlot`). Without a name
   * nothing is kept, and everything is read again after each connection.
   */
  readonly slot?: string | undefined
  /** How changes are to be heard of. Default `auto`: by replication where the server permits, else by notification. */
  readonly feed?: 'auto' | 'replication' | 'notify' | undefined
  /** How long connecting, and how long one statement, may take. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Connections for reads and writes; each watch has one of its own. Default 4. */
  readonly maxConnections?: number | undefined
  /** How often a watch looks whether the table's columns have changed. Default 30,000. */
  readonly schemaCheckMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly log?: Log | undefined
}

/**
 * Opens the tables of a PostgreSQL database (14 or newer), by `pg`.
 *
 * Resolves also when the server is out of reach: calls then reject with
 * `table/unreachable`, and `capabilities` claim the least until the first watch
 * has found out. A watch by replication makes the publication
 * `freshet_SCHEMA.TABLE` and, of a table that is the user's own, the replica
 * identity full; one by notification makes triggers.
 *
 * @throws {FreshetError} `table/missing-table`, `table/not-allowed`, `postgres/no-key`,
 *   `postgres/bad-slot`, `postgres/no-replication`.
 */
export async function openPostgresDatabase(options: PostgresDatabaseOptions): Promise<MasterDatabase> {
  const { url, tables, schema: namespace = 'public', slot, feed = 'auto' } = options
  const { timeoutMs = 30_000, maxConnections = 4, schemaCheckMs = 30_000 } = options
  const { clock = systemClock, log = silentLog } = options
  if (slot !== undefined) assertSlotName(slot)
  const config = clientConfig(url, options.password, timeoutMs)
  const connection = createPostgresConnection(config, timeoutMs, maxConnections)
  const closing = new AbortController()
  const kinds = createTypeKinds((oids) => readTypes(connection.rows, oids))
  const names = Object.keys(tables)
  const known = new Map<string, PostgresTable>()

  for (const [name, schema] of Object.entries(tables)) {
    const handle = createTableHandle({ name, schema, namespace, connection, kinds })
    const publication = publicationName(namespace, name)
    let chosen: TableFeed | undefined
    known.set(name, {
      handle,
      connection,
      publication,
      slot: slot === undefined ? undefined : slotName(slot, name),
      clock,
      schemaCheckMs,
      closing: closing.signal,
      reads: createPostgresReads(handle),
      feed: () => chosen,
      async decideFeed() {
        if (chosen !== undefined) return chosen
        const table = await handle.reload()
        chosen = await chooseFeed(connection.rows, table, {
          publication,
          idField: schema.idField,
          wanted: feed,
        })
        const why = chosen.kind === 'replication' ? undefined : chosen.why
        log.write(
          why === undefined ? 'info' : 'warn',
          'freshet::postgres',
          `${name}: changes by ${chosen.kind}`,
          { table: name, why },
        )
        return chosen
      },
      streams: new Set(),
      tableOf(other) {
        const target = known.get(other)
        if (target === undefined) throw unknownTable(other, names)
        return target
      },
    })
  }
  try {
    for (const table of known.values()) await table.decideFeed()
  } catch (error) {
    if (!isOutOfReach(error)) {
      await connection.close()
      throw error
    }
    log.write('warn', 'freshet::postgres', 'PostgreSQL is out of reach; its tables are not known yet')
  }
  return {
    tables: names,
    master(name) {
      const table = known.get(name)
      if (table === undefined) throw unknownTable(name, names)
      return createPostgresMaster(table, undefined)
    },
    async close() {
      closing.abort(databaseClosed())
      await connection.close()
    },
  }
}
