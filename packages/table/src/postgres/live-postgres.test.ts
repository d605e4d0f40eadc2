import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decimal, FreshetError, randomBelow, Tagged, type Random, type Value } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { describe, expect, test, vi } from 'vitest'
import { openLiveTable, type LiveTable } from '../live-table.ts'
import { masterSource } from '../master-source.ts'
import { tableSchema } from '../master-schema.ts'
import type { MasterDatabase } from '../master.ts'
import { liveDriverContract } from '../testing/live-driver-contract.ts'
import { postgresFixture, skipNote, whyNoPostgres, type TestDatabase } from '../testing/postgres-fixture.ts'
import { openPostgresDatabase } from './postgres-database.ts'

const product = tableSchema({ columns: { name: 'text', price: 'int' } })
const createProduct = 'CREATE TABLE product (id text PRIMARY KEY, name text, price int8)'

describe.skipIf(whyNoPostgres !== undefined)(`live tables on PostgreSQL${skipNote}`, () => {
  const postgres = postgresFixture()

  for (const feed of ['replication', 'notify'] as const) {
    liveDriverContract(`PostgreSQL by ${feed}`, async () => {
      const database = await postgres.open(createProduct)
      const [first, second] = await Promise.all(
        [1, 2].map(() => openPostgresDatabase({ url: database.url, tables: { product }, feed })),
      )
      if (first === undefined || second === undefined) throw new RangeError('two connections')
      return {
        ours: first.master('product'),
        theirs: second.master('product'),
        async close() {
          await first.close()
          await second.close()
          await database.close()
        },
      }
    })
  }

  const withTable = (setUp: string, body: (context: Context) => Promise<void>) => async (): Promise<void> => {
    const database = await postgres.open(setUp)
    const folder = await mkdtemp(join(tmpdir(), 'freshet-live-'))
    const remote = await openPostgresDatabase({ url: database.url, tables, slot: database.name })
    const tableOptions = {
      preload: true,
      cacheKey: 'item',
      store: (storeTables: Parameters<typeof openSqliteStore>[0]['tables']) =>
        openSqliteStore({ path: join(folder, 'item.sqlite'), tables: storeTables }),
    }
    const open = (): Promise<LiveTable> => openLiveTable(remote.master('item'), tableOptions)
    const table = await open()
    try {
      await untilLive(table)
      await body({ database, remote, table, open })
    } finally {
      await table.close()
      await remote.close()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    }
  }

  test(
    '[PG21] a save is guarded by what the draft was based on, and what the database makes of it comes back',
    withTable(items, async ({ database, table }) => {
      const edit = await table.editRecord('a')
      edit.data['name'] = 'mine'
      await database.query("UPDATE item SET name = 'theirs', price = 3 WHERE id = 'a'")
      expect(await edit.save()).toMatchObject({
        kind: 'conflict',
        reason: 'changed',
        conflicts: [{ field: 'name', remote: 'theirs' }],
      })
      edit.resolve('name', 'local')
      expect(await edit.save()).toEqual({ kind: 'saved' })
      expect(await database.query('SELECT name, price::text FROM item')).toEqual([
        { name: 'mine', price: '3.00' },
      ])

      edit.data['name'] = '  trimmed '
      const partial = await edit.save()
      expect(partial).toMatchObject({
        kind: 'partial',
        fields: [{ field: 'name', sent: '  trimmed ', stored: 'trimmed', cause: 'coerced' }],
      })
      edit.acceptStored()
      edit.data['price'] = decimal('-1')
      expect(await edit.save()).toMatchObject({ kind: 'error', fieldErrors: [{ field: 'price' }] })
      edit.data['price'] = decimal('9.999')
      // A numeric(10, 2) rounds: said, not hidden.
      expect(await edit.save()).toMatchObject({
        kind: 'partial',
        fields: [{ field: 'price', stored: decimal('10.00') }],
      })
      edit.dispose()
    }),
  )

  test(
    '[PG22] saves made while the server is stopped are queued, and sent once when it is back',
    withTable(items, async ({ database, table }) => {
      const edit = await table.editRecord('a')
      await postgres.server.stop()
      await vi.waitFor(() => expect(table.status.get().state).toBe('retrying'), { timeout: 20_000 })
      edit.data['name'] = 'offline'
      expect(await edit.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
      expect(table.get('a')).toMatchObject({ name: 'offline' })
      const inserted = await table.insert('b', { name: 'also', price: decimal('1') }, { wait: 'local' })
      expect(inserted.kind).toBe('queued')
      expect(table.outbox.queued()).toHaveLength(2)
      await postgres.server.start()
      await vi.waitFor(() => expect(table.outbox.queued()).toEqual([]), { timeout: 25_000 })
      expect(await database.query('SELECT id, name, writes FROM item ORDER BY id')).toEqual([
        { id: 'a', name: 'offline', writes: 1 },
        { id: 'b', name: 'also', writes: 0 },
      ])
      await vi.waitFor(() => expect(table.get('b')).toMatchObject({ name: 'also' }))
      edit.dispose()
    }),
  )

  for (const feed of ['replication', 'notify'] as const) {
    for (const seed of [1, 2]) {
      test(`[LT27] PostgreSQL by ${feed}: after writes, transactions and lost connections the rows are those of the table (seed ${seed})`, async () => {
        const database = await postgres.open(
          'CREATE TABLE item (id text PRIMARY KEY, name text, price numeric)',
        )
        const slot = feed === 'replication' ? database.name : undefined
        const remote = await openPostgresDatabase({ url: database.url, tables, feed, slot })
        const table = await openLiveTable(remote.master('item'), {
          preload: true,
          random: createSeededRandom(seed),
        })
        const random = createSeededRandom(seed)
        for (let step = 0; step < 120; step++) await randomStep(random, database, table)
        const expected = async () =>
          (await database.query('SELECT id, name, price::text FROM item ORDER BY id')).map((row) =>
            Object.values(row),
          )
        const held = () =>
          [...table.collection.ids()]
            .toSorted()
            .map((id) => [id, table.get(id)?.['name'], textOf(table.get(id)?.['price'])])
        await vi.waitFor(async () => expect(held()).toEqual(await expected()), {
          timeout: 25_000,
          interval: 50,
        })
        await table.close()
        await remote.close()
        await database.close()
      })
    }
  }

  test(
    '[PG8] a row that is and was outside a view is not told of; one that leaves it goes',
    withTable(items, async ({ database }) => {
      const own = await openPostgresDatabase({ url: database.url, tables })
      const ownView = own.master('item').withFilter({ op: 'gt', field: 'price', value: 10 })
      const items = masterSource({ ...sourceOptions, master: () => ownView }).stream?.(
        null,
        new AbortController().signal,
      )
      const next = async () => (await items?.[Symbol.asyncIterator]().next())?.value
      expect(await next()).toEqual({ kind: 'live' })
      await database.query("UPDATE item SET price = 5 WHERE id = 'a'")
      await database.query("UPDATE item SET price = 50 WHERE id = 'a'")
      await database.query("UPDATE item SET price = 6 WHERE id = 'a'")
      expect(await next()).toMatchObject({ facts: [{ kind: 'put', row: { price: decimal('50.00') } }] })
      expect(await next()).toMatchObject({ facts: [{ kind: 'delete', id: 'a' }] })
      await own.close()
    }),
  )
})

const sourceOptions = {
  table: 'rows',
  mayResume: () => false,
  onTouched: () => true,
  onChanged() {},
  onPut() {},
  onGone() {},
  onInvalidated() {},
  onEvent: () => ({ end() {} }),
}

type Context = {
  readonly database: TestDatabase
  readonly remote: MasterDatabase
  readonly table: LiveTable
  open(): Promise<LiveTable>
}

const tables = { item: tableSchema({ columns: { name: 'text', price: 'decimal' } }) }

/** Counts the writes to each row, and alters what is written. */
const items = `
  CREATE TABLE item (id text PRIMARY KEY, name text, price numeric(10, 2) CHECK (price > 0), writes int4 NOT NULL DEFAULT 0);
  INSERT INTO item VALUES ('a', 'first', 2);
  CREATE FUNCTION alter_item() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.name := trim(NEW.name); NEW.writes := OLD.writes + 1; RETURN NEW; END $$;
  CREATE TRIGGER alter_item BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION alter_item()`

function textOf(value: Value | undefined): unknown {
  return value instanceof Tagged ? value.text : value
}

/** One thing that happens to a table of few ids, done by us or by someone else. */
async function randomStep(random: Random, database: TestDatabase, table: LiveTable): Promise<void> {
  const pick = (): string => 'abcdefgh'[randomBelow(random, 8)] ?? 'a'
  const [id, other, price] = [pick(), pick(), randomBelow(random, 100)]
  const upsert = `INSERT INTO item VALUES ('${id}', 'n${price}', ${price}) ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price`
  const steps: readonly (() => Promise<unknown>)[] = [
    () => database.query(upsert),
    () => database.query(upsert),
    () => database.query(`DELETE FROM item WHERE id = '${id}'`),
    () => database.query(`UPDATE item SET price = price + 1`),
    () =>
      database.query(
        `DELETE FROM item WHERE id = '${other}'; UPDATE item SET id = '${other}' WHERE id = '${id}'`,
      ),
    () => database.query(`BEGIN; ${upsert}; DELETE FROM item WHERE id = '${other}'; ${upsert}; COMMIT`),
    () => database.query(`BEGIN; ${upsert}; DELETE FROM item; ROLLBACK`),
    () => table.replace(id, { name: 'ours', price: decimal(String(price)) }),
    () => table.delete(other),
    () => (price < 20 ? database.query('TRUNCATE item') : Promise.resolve()),
    () => (price < 50 ? database.query(cutStreams) : Promise.resolve()),
  ]
  // A write that a lost connection crossed is settled by the outbox, or told; the table decides.
  await steps[randomBelow(random, steps.length)]?.().catch((error: unknown) => {
    if (!(error instanceof FreshetError)) throw error
  })
}

/** Ends every connection of a watch; those for reads and writes go on. */
const cutStreams = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND (backend_type = 'walsender' OR query LIKE 'LISTEN%')`

async function untilLive(table: LiveTable): Promise<void> {
  await vi.waitFor(() => expect(table.status.get().state).toBe('live'), { timeout: 20_000 })
}
