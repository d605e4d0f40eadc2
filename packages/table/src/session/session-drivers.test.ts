import { DatabaseSync } from 'node:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Row } from '@freshet/core'
import { expect, test } from 'vitest'
import { WriteRejectedError } from '../master-errors.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master } from '../master.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import { openSqliteDatabase } from '../sqlite/sqlite-database.ts'
import { sessionDriverContract } from '../testing/session-driver-contract.ts'

const product = tableSchema({ columns: { name: 'text', price: 'int' } })

sessionDriverContract('memory', async () => {
  const database = createMemoryDatabase({ tables: { product } })
  const master = database.master('product')
  /** What triggers and constraints are to a database. */
  const judged = (row: Row): Row => {
    const { name, price } = row
    if (typeof price === 'number' && price <= 0) {
      const fieldErrors = [{ field: 'price', message: 'must be positive' }]
      throw new WriteRejectedError({ message: 'The price must be positive.', fieldErrors })
    }
    return typeof name === 'string' ? { ...row, name: name.trim() } : row
  }
  const judging: Master = {
    ...master,
    insert: async (id, row, options) => master.insert(id, judged(row), options),
    patch: async (id, { set, unset }, options) => master.patch(id, { set: judged(set), unset }, options),
  }
  return { master: judging, close: database.close }
})

sessionDriverContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-judging-'))
  const path = join(folder, 'shop.db')
  const setUp = new DatabaseSync(path)
  setUp.exec(`
    CREATE TABLE product (id TEXT PRIMARY KEY NOT NULL, name TEXT, price INTEGER CHECK (price > 0));
    CREATE TRIGGER trimmed AFTER UPDATE OF name ON product WHEN NEW.name <> trim(NEW.name)
      BEGIN UPDATE product SET name = trim(NEW.name) WHERE id = NEW.id; END;
  `)
  setUp.close()
  const database = openSqliteDatabase({ path, tables: { product } })
  return {
    master: database.master('product'),
    async close() {
      await database.close()
      rmSync(folder, { recursive: true })
    },
  }
})

test.each([
  ['memory', () => createMemoryDatabase({ tables: { product } })],
  ['SQLite', () => openSqliteDatabase({ path: ':memory:', tables: { product }, createTables: true })],
])('[TB11] %s: a write that was taken has no second effect, whatever came between', async (_name, open) => {
  const database = open()
  const master = database.master('product')
  await master.insert('a', { name: 'Alpha', price: 1 }, { opId: 'made' })
  const write = { opId: 'ours', expect: { name: 'Alpha' } }
  await master.patch('a', { set: { name: 'ours' } }, write)
  // Back to what the guard asks for: without the operation's id it would be taken again.
  await master.patch('a', { set: { name: 'Alpha' } }, { opId: 'theirs' })
  expect(await master.patch('a', { set: { name: 'ours' } }, write)).toEqual({ kind: 'stored' })
  expect((await master.get(['a']))[0]?.[1]).toMatchObject({ name: 'Alpha' })
  await master.delete('a', { opId: 'theirs, too' })
  await master.insert('a', { name: 'Alpha', price: 1 }, { opId: 'made' })
  expect(await master.get(['a'])).toEqual([])
  await database.close()
})
