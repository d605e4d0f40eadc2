import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableSchema } from '../master-schema.ts'
import { liveDriverContract } from '../testing/live-driver-contract.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

const tables = { product: tableSchema({ columns: { name: 'text', price: 'int' } }) }

liveDriverContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-live-'))
  const path = join(folder, 'shop.sqlite')
  const [first, second] = [0, 1].map(() =>
    openSqliteDatabase({ path, tables, createTables: true, pollMs: 5 }),
  )
  if (first === undefined || second === undefined) throw new RangeError('two connections')
  return {
    ours: first.master('product'),
    theirs: second.master('product'),
    async close() {
      await first.close()
      await second.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
