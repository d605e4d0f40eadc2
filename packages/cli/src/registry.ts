import type { MasterDatabase, TableSchema } from '@freshet/table'
import { FreshetError } from '@freshet/core'
import { hillValleyTables } from './demo/hill-valley.ts'
import { demoRemote } from './demo-endpoint.ts'

/** How to reach the rows. */
export type Connection =
  | {
      readonly kind: 'surrealdb'
      readonly url: string
      readonly namespace: string
      readonly database: string
      readonly username?: string | undefined
    }
  | {
      readonly kind: 'postgres'
      readonly url: string
      /** The schema that the tables stand in. Default `public`. */
      readonly schema?: string | undefined
      /** Names the replica that a watch with a cache is. Default: one that the cache folder keeps. */
      readonly slot?: string | undefined
    }
  | { readonly kind: 'sqlite'; readonly path: string }

/** What `db` knows: entities by name, each a table, and where they are. */
export type Registry = {
  readonly connection: Connection
  /** Table name by entity name, in the order they are listed. */
  readonly entities: { readonly [entity: string]: string }
  readonly tables: { readonly [table: string]: TableSchema }
}

/** The bakery of Hill Valley, in the demo's database or in another. */
export function demoRegistry(url: string | undefined): Registry {
  const tables = hillValleyTables
  return {
    connection: { kind: 'surrealdb', ...demoRemote, ...(url !== undefined && { url: checkedUrl(url) }) },
    entities: Object.fromEntries(Object.keys(tables).map((name) => [name, name])),
    tables,
  }
}

/** The tables of a PostgreSQL database, as they are there. */
export async function postgresRegistry(url: string, env: Environment): Promise<Registry> {
  const { describePostgresTables } = await import('@freshet/table/postgres')
  const tables = await describePostgresTables({ url, password: env['FRESHET_PASSWORD'] })
  return {
    connection: { kind: 'postgres', url },
    entities: Object.fromEntries(Object.keys(tables).map((name) => [name, name])),
    tables,
  }
}

export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:/.test(url)
}

type Environment = { readonly [name: string]: string | undefined }

/**
 * Opens the database of a registry. Drivers are loaded here, when one is used.
 *
 * @param slot - Names the replica for which the database is to keep changes, where it can.
 */
export async function openDatabase(
  { connection, tables }: Registry,
  env: Environment,
  slot: string | undefined,
): Promise<MasterDatabase> {
  switch (connection.kind) {
    case 'sqlite': {
      const { openSqliteDatabase } = await import('@freshet/table/sqlite')
      return openSqliteDatabase({ path: connection.path, tables })
    }
    case 'postgres': {
      const { openPostgresDatabase } = await import('@freshet/table/postgres')
      const { url, schema } = connection
      return openPostgresDatabase({ url, schema, tables, slot, password: env['FRESHET_PASSWORD'] })
    }
    case 'surrealdb': {
      const { createSurrealDatabase } = await import('@freshet/table/surrealdb')
      const { url, namespace, database, username } = connection
      const password = env['FRESHET_PASSWORD'] ?? ''
      const authentication = username === undefined ? {} : { authentication: { username, password } }
      return createSurrealDatabase({ tables, remote: { url, namespace, database, ...authentication } })
    }
  }
}

/** Where it is, for a message; without what may be secret in it. */
export function placeOf(connection: Connection): string {
  if (connection.kind === 'sqlite') return connection.path
  const { protocol, host, pathname } = new URL(connection.url)
  return `${protocol}//${host}${pathname}`
}

/** @throws {FreshetError} `cli/bad-url`. */
export function checkedUrl(text: string): string {
  const allowed = ['ws:', 'wss:', 'postgres:', 'postgresql:']
  if (URL.canParse(text) && allowed.includes(new URL(text).protocol)) return text
  throw new FreshetError({
    code: 'cli/bad-url',
    kind: 'usage',
    message: `${JSON.stringify(text)} is no WebSocket address of a SurrealDB server, nor one of PostgreSQL. Give one such as ${demoRemote.url} or postgres://user@host/database.`,
  })
}
