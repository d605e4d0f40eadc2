import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openLiveTable, type LiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import type { TableSchema } from '../master.ts'
import { createFaultyMaster } from '../testing/faulty-master.ts'
import { MemCache } from '../mem-cache.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-schema-'))
  path = join(folder, 'shop.sqlite')
  alter(
    "CREATE TABLE product (id TEXT PRIMARY KEY, name TEXT); INSERT INTO product VALUES ('a', 'Alpha'), ('b', 'Beta')",
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

function alter(sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

const old = tableSchema({ columns: { name: 'text' } })
const wider = tableSchema({ columns: { name: 'text', price: 'int' } })

test('[LT51] rows of an older schema are shown as stale and read again, also where a watch could go on', async () => {
  const disk = createMemoryDisk()
  const run = async (schema: TableSchema, use: (table: LiveTable) => Promise<void>, out = false) => {
    const database = openSqliteDatabase({ path, tables: { product: schema } })
    const faulty = createFaultyMaster(database.master('product'))
    faulty.setOutage(out)
    const table = await openLiveTable(faulty.master, {
      preload: true,
      drainMs: 0,
      ...(out && { connectWaitMs: 100 }),
      store: (tables) => openMemoryStore({ tables, disk }),
    })
    await use(table)
    await table.close()
    await database.close()
  }
  await run(old, async (table) => {
    expect(await table.getValue('a')).toEqual({ id: 'a', name: 'Alpha' })
  })
  alter('ALTER TABLE product ADD COLUMN price INTEGER DEFAULT 10')
  await run(
    wider,
    async (table) => {
      expect(table.get('a')).toEqual({ id: 'a', name: 'Alpha' })
      expect(await table.list()).toMatchObject({ stale: true })
    },
    true,
  )
  await run(wider, async (table) => {
    await vi.waitFor(() => expect(table.status.get().state).toBe('live'))
    expect((await table.list()).rows.get('a')).toEqual({ id: 'a', name: 'Alpha', price: 10 })
    expect(table.get('b')).toEqual({ id: 'b', name: 'Beta', price: 10 })
  })
})

test('[LT51] what waits to be sent is sent by a run with another schema', async () => {
  const cache = MemCache.create()
  const before = openSqliteDatabase({ path, tables: { product: old } })
  const faulty = createFaultyMaster(before.master('product'))
  const first = await openLiveTable(faulty.master, { cache, drainMs: 0 })
  await first.listValues()
  faulty.setOutage(true)
  await first.patch('a', { set: { name: 'Written before' } }, { wait: 'local' })
  await first.close()
  await before.close()

  alter('ALTER TABLE product ADD COLUMN price INTEGER')
  const after = openSqliteDatabase({ path, tables: { product: wider } })
  const second = await openLiveTable(after.master('product'), { cache })
  await second.outbox.drained()
  expect(await second.getValue('a')).toEqual({ id: 'a', name: 'Written before', price: null })
  await second.close()
  await after.close()
})
