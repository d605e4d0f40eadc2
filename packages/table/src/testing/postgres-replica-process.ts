import { join } from 'node:path'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { openLiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import { openPostgresDatabase } from '../postgres/postgres-database.ts'

// A replica in a process of its own, to be killed: it tells its parent when it is live, and how many rows it holds.
const [url = '', slot = '', folder = ''] = process.argv.slice(2)
const tables = { item: tableSchema({ columns: { name: 'text', n: 'int' } }) }
const database = await openPostgresDatabase({ url, tables, slot })
const table = await openLiveTable(database.master('item'), {
  preload: true,
  cacheKey: 'items',
  store: (storeTables) => openSqliteStore({ path: join(folder, 'items.sqlite'), tables: storeTables }),
})
const tell = (): void => {
  process.send?.({ state: table.status.get().state, rows: table.collection.size })
}
table.status.subscribe(tell)
table.collection.subscribe(tell)
tell()
