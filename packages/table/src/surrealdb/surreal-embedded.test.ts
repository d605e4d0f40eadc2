import { afterAll, beforeAll } from 'vitest'
import type { Surreal } from 'surrealdb'
import { contractTables } from '../testing/contract-fixture.ts'
import { masterContract } from '../testing/master-contract.ts'
import { connectEmbedded } from './connect-embedded.ts'
import { refusedBySurrealDb } from '../testing/refused-by-surrealdb.ts'
import { createSurrealDatabase } from './surreal-database.ts'

let client: Surreal
let databases = 0

beforeAll(async () => {
  client = await connectEmbedded('mem://', { namespace: 'contract', database: 'none' })
})
afterAll(async () => {
  await client.close()
})

masterContract(
  'SurrealDB embedded',
  async () => {
    databases++
    await client.query(`DEFINE DATABASE d${databases}`)
    await client.use({ namespace: 'contract', database: `d${databases}` })
    await client.query('DEFINE TABLE client SCHEMALESS; DEFINE TABLE client_order SCHEMALESS')
    return { database: createSurrealDatabase({ tables: contractTables, remote: client }) }
  },
  { refuses: refusedBySurrealDb },
)
