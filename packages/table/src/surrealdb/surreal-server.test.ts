import { Surreal } from 'surrealdb'
import { vi } from 'vitest'
import { contractTables } from '../testing/contract-fixture.ts'
import { masterContract } from '../testing/master-contract.ts'
import { refusedBySurrealDb } from '../testing/refused-by-surrealdb.ts'
import { createSurrealDatabase } from './surreal-database.ts'

const {
  FRESHET_SURREAL_URL: url,
  FRESHET_SURREAL_USER: username,
  FRESHET_SURREAL_PASS: password,
} = process.env
const authentication =
  username === undefined ? {} : { authentication: { username, password: password ?? '' } }
const namespace = 'freshet_contract'
let databases = 0

masterContract(
  'SurrealDB server',
  async () => {
    const admin = new Surreal()
    await admin.connect(url ?? '', { reconnect: false, ...authentication })
    databases++
    const database = `d${process.pid}_${databases}`
    await admin.query(`DEFINE NAMESPACE IF NOT EXISTS ${namespace}`)
    await admin.use({ namespace, database })
    await admin.query('DEFINE TABLE client SCHEMALESS; DEFINE TABLE client_order SCHEMALESS')
    return {
      database: createSurrealDatabase({
        tables: contractTables,
        remote: { url: url ?? '', namespace, database, ...authentication },
      }),
      async close() {
        // A write that is still being settled conflicts with it; the server asks to try again.
        await vi.waitFor(() => admin.query(`REMOVE DATABASE IF EXISTS ${database}`), { timeout: 5_000 })
        await admin.close()
      },
    }
  },
  {
    refuses: refusedBySurrealDb,
    skip: url === undefined ? 'set FRESHET_SURREAL_URL to run it against your server' : undefined,
  },
)
