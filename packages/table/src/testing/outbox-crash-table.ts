import type { Store } from '@freshet/core'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { join } from 'node:path'
import { openLiveTable, type LiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master } from '../master.ts'
import { openSqliteDatabase } from '../sqlite/sqlite-database.ts'

const schema = tableSchema({ columns: { name: 'text', price: 'int' } })

/** The table of the crash tests: remote and store are files of one folder. */
export async function openCrashTable(
  folder: string,
  wrap: { master(master: Master): Master; store(store: Store): Store },
): Promise<{ readonly table: LiveTable; close(): Promise<void> }> {
  const database = openSqliteDatabase({ path: join(folder, 'remote.db'), tables: { product: schema } })
  const table = await openLiveTable(wrap.master(database.master('product')), {
    preload: true,
    store: async (tables) => wrap.store(await openSqliteStore({ path: join(folder, 'cache.db'), tables })),
    onStoreFault: 'fail',
  })
  await table.listValues()
  return {
    table,
    async close() {
      await table.close()
      await database.close()
    },
  }
}
