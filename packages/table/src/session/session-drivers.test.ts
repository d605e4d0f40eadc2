import { DatabaseSync } from 'node:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Row } from '@freshet/core'
import { WriteRejectedError } from '../master-errors.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master } from '../master.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import { openSqliteDatabase } from '../sqlite/sqlite-database.ts'
import { connectEmbedded } from '../surrealdb/connect-embedded.ts'
import { createSurrealDatabase } from '../surrealdb/surreal-database.ts'
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
