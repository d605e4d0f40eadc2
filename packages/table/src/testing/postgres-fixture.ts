import { Client } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import type { MasterChange } from '../master.ts'
import { startPostgres, type EmbeddedServer } from '../postgres/start-postgres.ts'

/** Why PostgreSQL is not tested here; `undefined` where it is. */
export const whyNoPostgres =
  process.platform === 'linux' ? undefined : 'the server that is tested on runs on Linux'

/** Stands behind the name of what is skipped. */
export const skipNote = whyNoPostgres === undefined ? '' : ` (skipped: ${whyNoPostgres})`

/** A database of its own for one test. */
export type TestDatabase = {
  /** Also a name for its slots: those of all databases of a server share one space of names. */
  readonly name: string
  readonly url: string
  /** Another connection than the driver's own, as the superuser. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

export type PostgresFixture = {
  readonly server: EmbeddedServer
  open(setUp: string): Promise<TestDatabase>
}

/** One server for the tests of a file, real and in a process of its own. */
export function postgresFixture(settings: { readonly [name: string]: string } = {}): PostgresFixture {
  let server: EmbeddedServer | undefined
  let databases = 0
  const running = (): EmbeddedServer => {
    if (server === undefined) throw new RangeError('The server is started before the tests.')
    return server
  }
  beforeAll(async () => {
    server = await startPostgres({ settings })
  })
  afterAll(async () => {
    await server?.close()
  })
  return {
    get server() {
      return running()
    },
    async open(setUp) {
      const name = `test${databases++}`
      await queryOnce(running().url, `CREATE DATABASE ${name}`)
      const url = running().url.replace(/\/postgres$/, `/${name}`)
      let client: Client | undefined
      const connected = async (): Promise<Client> => {
        if (client !== undefined) return client
        const made = new Client(url)
        made.on('error', () => (client = undefined))
        await made.connect()
        client = made
        return made
      }
      await (await connected()).query(setUp)
      return {
        name,
        url,
        query: async (text, values = []) =>
          (await (await connected()).query<Record<string, unknown>>(text, [...values])).rows,
        async close() {
          await client?.end().catch(() => {})
          const slots = `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '${name}' AND active`
          await queryOnce(running().url, slots)
          await dropSlots(running().url, name)
          await queryOnce(running().url, `DROP DATABASE ${name} WITH (FORCE)`)
        },
      }
    },
  }
}

async function dropSlots(url: string, database: string): Promise<void> {
  for (;;) {
    const left = await queryOnce(
      url,
      `SELECT CASE WHEN active THEN 'active' ELSE pg_drop_replication_slot(slot_name)::text END AS said
       FROM pg_replication_slots WHERE database = '${database}'`,
    )
    if (left.every(({ said }) => said !== 'active')) return
  }
}

async function queryOnce(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

/** Takes changes one by one; `undefined` at the end of the watch. */
export function taking(changes: AsyncIterable<MasterChange>): () => Promise<MasterChange | undefined> {
  const iterator = changes[Symbol.asyncIterator]()
  return async () => {
    const next = await iterator.next()
    return next.done === true ? undefined : next.value
  }
}
