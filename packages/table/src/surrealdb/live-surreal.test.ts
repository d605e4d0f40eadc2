import { tableSchema } from '../master-schema.ts'
import { liveDriverContract } from '../testing/live-driver-contract.ts'
import { connectEmbedded } from './connect-embedded.ts'
import { createSurrealDatabase } from './surreal-database.ts'

const tables = { product: tableSchema({ columns: { name: 'text', price: 'int' } }) }

liveDriverContract('SurrealDB', async () => {
  const client = await connectEmbedded('mem://', { namespace: 'live', database: 'live' })
  await client.query('DEFINE TABLE product SCHEMALESS')
  const database = createSurrealDatabase({ tables, remote: client })
  return {
    ours: database.master('product'),
    // The same connection: an embedded engine has one. Its own writes come back as anyone's.
    theirs: database.master('product'),
    async close() {
      await database.close()
      await client.close()
    },
  }
})
