import { FreshetError, systemClock, systemRandom, type Clock, type Random } from '@freshet/core'
import type { Surreal } from 'surrealdb'
import { unknownTable } from '../master-errors.ts'
import type { MasterDatabase, TableSchema } from '../master.ts'
import { createSurrealConnection, type SurrealEndpoint } from './surreal-connection.ts'
import { createSurrealOperations } from './surreal-operations.ts'
import { createSurrealMaster } from './surreal-master.ts'

export type SurrealDatabaseOptions = {
  /** The tables to use, which must be defined in the database. */
  readonly tables: { readonly [table: string]: TableSchema }
  /**
   * A server to connect to when needed and again after a loss; or a client that
   * its owner has connected and closes, such as one of `connectEmbedded`.
   */
  readonly remote: SurrealEndpoint | Surreal
  /** How long connecting, and how long one statement, may take. Default 15,000. */
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

/**
 * The tables of a SurrealDB 3 database, by the stock SDK.
 *
 * Nothing is connected until the first call. A loss fails the calls under way
 * with `table/unreachable` and ends every watch; the next call connects anew.
 * A client passed in should be connected with `reconnect: false`: with its own
 * reconnection the SDK sends again what may have been executed.
 *
 * @throws {FreshetError} `surrealdb/bad-url`: the address is not one of a WebSocket.
 */
export function createSurrealDatabase(options: SurrealDatabaseOptions): MasterDatabase {
  const { tables, remote, timeoutMs = 15_000, clock = systemClock, random = systemRandom } = options
  if ('url' in remote) assertWebSocketUrl(remote.url)
  const names = Object.keys(tables)
  const schemas = new Map(Object.entries(tables))
  const connection = createSurrealConnection({ remote, timeoutMs, clock, random })
  const operations = createSurrealOperations(connection)
  const schemaOf = (name: string): TableSchema => {
    const schema = schemas.get(name)
    if (schema === undefined) throw unknownTable(name, names)
    return schema
  }
  return {
    tables: names,
    master: (name) =>
      createSurrealMaster({ name, schema: schemaOf(name), connection, operations, schemaOf }, undefined),
    close: () => connection.close(),
  }
}

/** Changes are told over a WebSocket alone. */
function assertWebSocketUrl(url: string): void {
  if (URL.canParse(url) && ['ws:', 'wss:'].includes(new URL(url).protocol)) return
  throw new FreshetError({
    code: 'surrealdb/bad-url',
    kind: 'usage',
    message: `${JSON.stringify(url)} is no WebSocket address. Give one such as ws://127.0.0.1:8000/rpc.`,
  })
}
