import { tableSchema } from '../master-schema.ts'
import { sessionDriverContract } from '../testing/session-driver-contract.ts'
import { connectEmbedded } from './connect-embedded.ts'
import { createSurrealDatabase } from './surreal-database.ts'

const product = tableSchema({ columns: { name: 'text', price: 'int' } })

sessionDriverContract('SurrealDB', async () => {
  const client = await connectEmbedded('mem://', { namespace: 'shop', database: 'shop' })
  await client.query(`
    DEFINE TABLE product SCHEMAFULL;
    DEFINE FIELD name ON product TYPE string VALUE string::trim($value);
    DEFINE FIELD price ON product TYPE int ASSERT $value > 0;
  `)
  const database = createSurrealDatabase({ tables: { product }, remote: client })
  return {
    master: database.master('product'),
    async close() {
      await database.close()
      await client.close()
    },
  }
})
