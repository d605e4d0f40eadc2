import { createSqlitePeers, openSqliteStore } from '@freshet/storage/sqlite'
import { join } from 'node:path'
import { openLiveTable, type LiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import { openSqliteDatabase } from '../sqlite/sqlite-database.ts'

const schema = tableSchema({ columns: { name: 'text' } })

/** A table whose store file other processes have open too. */
export async function openPeerTable(
  folder: string,
): Promise<{ readonly table: LiveTable; close(): Promise<void> }> {
  const path = join(folder, 'cache.db')
  const database = openSqliteDatabase({
    path: join(folder, 'remote.db'),
    tables: { product: schema },
    pollMs: 10,
  })
  const table = await openLiveTable(database.master('product'), {
    cacheKey: 'products',
    preload: true,
    store: (tables) => openSqliteStore({ path, tables, lock: 'shared' }),
    tabs: createSqlitePeers({ path, pollMs: 10 }),
    onStoreFault: 'fail',
  })
  return {
    table,
    async close() {
      await table.close()
      await database.close()
    },
  }
}
