import { afterAll, beforeAll, describe } from 'vitest'
import { Client } from 'pg'
import { contractTables } from '../testing/contract-fixture.ts'
import { masterContract } from '../testing/master-contract.ts'
import { openPostgresDatabase } from './postgres-database.ts'
import { startPostgres, type EmbeddedServer } from './start-postgres.ts'

let server: EmbeddedServer
let admin: Client

/** Tables that keep every value of the contract: instants to the nanosecond only fit into text. */
const createTables = `
  CREATE TABLE client (
    id text PRIMARY KEY, name text, email text, balance numeric, paying bool, visits int8, rating float8,
    born text, avatar bytea, token uuid, bakery text, waits text, metadata jsonb, tags jsonb, extra jsonb
  );
  CREATE TABLE client_order (id text PRIMARY KEY, client text, note text);`

const refuses = [
  'fields named like prototype members',
  'field name with quotes',
  'field name with a dot',
  'empty field name',
  'NUL in text',
  'invalid UTF-16 in text',
  'invalid UTF-16 in a field name',
  'infinities',
  '2^63',
  '2^70',
  'first and last Date',
  'types mixed and nested',
  'nested 10,000 levels',
]

beforeAll(async () => {
  server = await startPostgres()
  admin = new Client(server.url)
  await admin.connect()
  await admin.query(createTables)
})
afterAll(async () => {
  await admin?.end()
  await server?.close()
})

for (const feed of ['replication', 'notify'] as const) {
  describe(`by ${feed}`, () => {
    masterContract(
      `PostgreSQL by ${feed}`,
      async () => {
        await admin.query('TRUNCATE client, client_order')
        const slot = feed === 'replication' ? 'contract' : undefined
        return {
          database: await openPostgresDatabase({ url: server.url, tables: contractTables, feed, slot }),
        }
      },
      { refuses },
    )
  })
}
