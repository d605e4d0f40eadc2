import { contractTables } from '../testing/contract-fixture.ts'
import { masterContract } from '../testing/master-contract.ts'
import { createMemoryDatabase } from './memory-database.ts'

masterContract('memory', async () => ({ database: createMemoryDatabase({ tables: contractTables }) }), {
  refuses: ['nested 10,000 levels'],
})
