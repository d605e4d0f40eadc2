import { afterAll, beforeAll, describe } from 'vitest'
import { contractTables } from '../testing/contract-fixture.ts'
import { masterContract } from '../testing/master-contract.ts'
import { postgresFixture, skipNote, whyNoPostgres, type TestDatabase } from '../testing/postgres-fixture.ts'
import { openPostgresDatabase } from './postgres-database.ts'

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

describe.skipIf(whyNoPostgres !== undefined)(`PostgreSQL${skipNote}`, () => {
  const postgres = postgresFixture()
  let shared: TestDatabase

  beforeAll(async () => {
    shared = await postgres.open(createTables)
  })
  afterAll(async () => {
    await shared?.close()
  })
  for (const feed of ['replication', 'notify'] as const) {
    masterContract(
      `PostgreSQL by ${feed}`,
      async () => {
        await shared.query('TRUNCATE client, client_order')
        const slot = feed === 'replication' ? 'contract' : undefined
        return {
          database: await openPostgresDatabase({ url: shared.url, tables: contractTables, feed, slot }),
        }
      },
      { refuses },
    )
  }
})
