import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { describe, expect, test, vi } from 'vitest'
import { openLiveTable, type LiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master, MasterChange } from '../master.ts'
import {
  postgresFixture,
  taking,
  skipNote,
  whyNoPostgres,
  type TestDatabase,
} from '../testing/postgres-fixture.ts'
import { parseLsn } from './lsn.ts'
import { openPostgresDatabase, type PostgresDatabaseOptions } from './postgres-database.ts'
import { dropReplicationSlot, slotName } from './replication-slot.ts'

const item = tableSchema({ columns: { name: 'text', n: 'int' } })
const tables = { item }
const createItem = 'CREATE TABLE item (id text PRIMARY KEY, name text, n int8)'
const insertMany = (prefix: string, count: number): string =>
  `INSERT INTO item SELECT '${prefix}' || g, 'row ' || g, g FROM generate_series(1, ${count}) g`

describe.skipIf(whyNoPostgres !== undefined)(`changes by replication${skipNote}`, () => {
  const postgres = postgresFixture()
  const open = (database: TestDatabase, options: Partial<PostgresDatabaseOptions> = {}) =>
    openPostgresDatabase({ url: database.url, tables, slot: database.name, ...options })
  const withDatabase =
    (body: (database: TestDatabase) => Promise<void>, setUp = createItem) =>
    async (): Promise<void> => {
      const database = await postgres.open(setUp)
      try {
        await body(database)
      } finally {
        await database.close()
      }
    }

  test(
    '[PG1] killed and started again, a replica gets exactly the 1,000 rows written meanwhile',
    withDatabase(async (database) => {
      await withFolder(async (folder) => {
        await database.query(insertMany('before', 50))
        const child = startReplica(database, folder)
        await child.until(({ state, rows }) => state === 'live' && rows === 50)
        const [place] = await database.query('SELECT pg_current_wal_insert_lsn()::text AS lsn')
        await database.query("INSERT INTO item VALUES ('last', 'seen', 0)")
        await untilAcknowledged(database, String(place?.['lsn']))
        await child.kill()
        await database.query(insertMany('missed', 1_000))

        const { table, told, calls, close } = await reopen(database, folder)
        expect(table.collection.size).toBe(51)
        await vi.waitFor(() => expect(table.collection.size).toBe(1_051), { timeout: 20_000 })
        await database.query("INSERT INTO item VALUES ('after', 'seen', 0)")
        await vi.waitFor(() => expect(table.get('after')).toBeDefined(), { timeout: 20_000 })
        expect(told.slice(0, 1)).toEqual(['resumed'])
        expect(told.filter((kind) => kind === 'upsert')).toHaveLength(1_001)
        expect(calls.page).toBe(0)
        await close()
      })
    }),
  )

  test(
    '[PG1] killed in the middle of a stream, a replica misses nothing and gets nothing twice that it has on disk',
    withDatabase(async (database) => {
      await withFolder(async (folder) => {
        const child = startReplica(database, folder)
        await child.until(({ state }) => state === 'live')
        const writing = (async () => {
          for (let at = 0; at < 300; at++)
            await database.query('INSERT INTO item VALUES ($1, $2, $3)', [`s${at}`, 'x', at])
        })()
        await child.until(({ rows }) => rows > 100)
        await child.kill()
        await writing
        await database.query(insertMany('missed', 1_000))

        const { table, told, calls, close } = await reopen(database, folder)
        const held = table.collection.size
        expect(held).toBeGreaterThan(0)
        await vi.waitFor(() => expect(table.collection.size).toBe(1_300), { timeout: 20_000 })
        expect(told.filter((kind) => kind === 'upsert')).toHaveLength(1_300 - held)
        expect(calls.page).toBe(0)
        await close()
      })
    }),
  )

  test(
    '[PG2] the server lets go of a change only when the replica has it on disk',
    withDatabase(async (database) => {
      const remote = await open(database)
      const master = remote.master('item')
      const next = taking(master.watch({ signal: new AbortController().signal }))
      const live = await next()
      await database.query(insertMany('a', 2))
      const change = await next()
      const [before] = await slots(database)
      expect(before?.confirmed).toBe(placeOf(live))
      master.acknowledge?.(cursorOf(change))
      await vi.waitFor(async () => expect((await slots(database))[0]?.confirmed).toBe(placeOf(change)))
      await remote.close()
    }),
  )

  test(
    '[PG3] a transaction of 10,000 rows is shown as a whole',
    withDatabase(async (database) => {
      const remote = await open(database)
      const table = await openLiveTable(remote.master('item'), { preload: true })
      await untilLive(table)
      const sizes = new Set<number>()
      table.collection.subscribe(() => sizes.add(table.collection.size))
      await database.query(
        `WITH made AS (INSERT INTO item SELECT g::text, 'a', g FROM generate_series(1, 10000) g) SELECT 1`,
      )
      await vi.waitFor(() => expect(table.collection.size).toBe(10_000), { timeout: 20_000 })
      await database.query("UPDATE item SET name = 'b'")
      const names = new Set<unknown>()
      table.collection.subscribe(() => {
        for (const id of ['1', '5000', '10000']) names.add(table.get(id)?.['name'])
      })
      await vi.waitFor(() => expect(table.get('10000')).toMatchObject({ name: 'b' }), { timeout: 20_000 })
      await database.query('DELETE FROM item')
      await vi.waitFor(() => expect(table.collection.size).toBe(0), { timeout: 20_000 })
      expect([...sizes]).toEqual([10_000, 0])
      expect([...names].filter((name) => name !== undefined)).toEqual(['b'])
      await table.close()
      await remote.close()
    }),
  )

  test(
    '[PG4] a slot that was dropped is said, and everything is read again',
    withDatabase(async (database) => {
      await withFolder(async (folder) => {
        await database.query(insertMany('a', 3))
        const first = await reopen(database, folder)
        await untilLive(first.table)
        await first.close()
        expect(await dropReplicationSlot({ url: database.url, slot: database.name, table: 'item' })).toBe(
          true,
        )
        expect(await dropReplicationSlot({ url: database.url, slot: database.name, table: 'item' })).toBe(
          false,
        )
        await database.query("DELETE FROM item WHERE id = 'a1'; INSERT INTO item VALUES ('b', 'b', 1)")

        const second = await reopen(database, folder)
        const errors = new Set<unknown>()
        second.table.status.subscribe(({ freshness }) => errors.add(freshness.lastError?.code))
        await vi.waitFor(
          () => expect([...second.table.collection.ids()].toSorted()).toEqual(['a2', 'a3', 'b']),
          {
            timeout: 20_000,
          },
        )
        await untilLive(second.table)
        expect(errors).toContain('postgres/slot-lost')
        expect(second.calls.page).toBeGreaterThan(0)
        await second.close()
      })
    }),
  )

  test(
    '[PG4] a slot that the server let go of, to bound its log, is as good as dropped',
    withDatabase(async (database) => {
      const remote = await open(database)
      const next = taking(remote.master('item').watch({ signal: new AbortController().signal }))
      const cursor = cursorOf(await next())
      await remote.close()
      await database.query("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
      await database.query('SELECT pg_reload_conf()')
      for (let at = 0; at < 4; at++) {
        await database.query(
          'INSERT INTO item SELECT md5(g::text) || clock_timestamp(), repeat(md5(g::text), 20), g FROM generate_series(1, 3000) g',
        )
        await database.query('SELECT pg_switch_wal()')
      }
      await database.query('CHECKPOINT')
      expect((await slots(database))[0]?.status).toBe('lost')
      const again = await open(database)
      const changes = again.master('item').watch({ signal: new AbortController().signal, from: cursor })
      await expect(taking(changes)()).rejects.toMatchObject({ code: 'postgres/slot-lost', retryable: true })
      const fresh = taking(again.master('item').watch({ signal: new AbortController().signal, from: cursor }))
      expect(await fresh()).toMatchObject({ kind: 'live' })
      await again.close()
      await database.query('ALTER SYSTEM RESET max_slot_wal_keep_size')
      await database.query('SELECT pg_reload_conf()')
    }),
  )

  test(
    '[PG5] two replicas with two slots each get every change; one slot serves one replica',
    withDatabase(async (database) => {
      const [first, second] = [await open(database, { slot: 'one' }), await open(database, { slot: 'two' })]
      const watches = [first, second].map((each) =>
        taking(each.master('item').watch({ signal: new AbortController().signal })),
      )
      for (const next of watches) expect(await next()).toMatchObject({ kind: 'live' })
      await database.query(insertMany('a', 2))
      for (const next of watches)
        expect(await next()).toMatchObject({ kind: 'transaction', changes: [{ id: 'a1' }, { id: 'a2' }] })
      await expect(
        dropReplicationSlot({ url: database.url, slot: 'one', table: 'item' }),
      ).rejects.toMatchObject({
        code: 'postgres/slot-in-use',
      })
      expect((await slots(database)).map(({ name }) => name)).toEqual(['one_item', 'two_item'])
      await first.close()
      await second.close()
    }),
  )

  test(
    '[PG5] a slot of another database is left alone',
    withDatabase(async (database) => {
      const other = await postgres.open(createItem)
      const first = await open(other, { slot: 'shared' })
      await taking(first.master('item').watch({ signal: new AbortController().signal }))()
      await first.close()
      const second = await open(database, { slot: 'shared' })
      const next = taking(second.master('item').watch({ signal: new AbortController().signal }))
      await expect(next()).rejects.toMatchObject({ code: 'postgres/slot-taken', retryable: false })
      expect(await slots(other)).toMatchObject([{ name: 'shared_item' }])
      await second.close()
      await other.close()
    }),
  )

  test(
    '[PG6] without a slot name nothing is kept: the slot goes with the watch',
    withDatabase(async (database) => {
      const remote = await open(database, { slot: undefined })
      expect(remote.master('item').capabilities).toMatchObject({ push: 'lossless', resumable: false })
      const controller = new AbortController()
      const next = taking(remote.master('item').watch({ signal: controller.signal }))
      expect(await next()).toEqual({ kind: 'live', cursor: undefined })
      await database.query(insertMany('a', 1))
      expect(await next()).toMatchObject({ kind: 'upsert', id: 'a1', cursor: undefined })
      controller.abort()
      await vi.waitFor(async () => expect(await slots(database)).toEqual([]))
      await remote.close()
    }),
  )

  test(
    '[PG7] a column added, retyped or dropped while a watch runs makes everything be read again',
    withDatabase(async (database) => {
      await database.query(insertMany('a', 2))
      const schema = tableSchema({ columns: { name: 'text', n: 'int', extra: 'text' } })
      const remote = await open(database, { tables: { item: schema }, schemaCheckMs: 50 })
      const table = await openLiveTable(remote.master('item'), { preload: true })
      const shows = (row: object): Promise<void> =>
        vi.waitFor(() => expect(table.get('a1')).toEqual({ id: 'a1', ...row }), { timeout: 20_000 })
      await untilLive(table)
      await shows({ name: 'row 1', n: 1, extra: null })
      // Noticed by looking: none of these touches a row.
      await database.query("ALTER TABLE item ADD COLUMN extra text DEFAULT 'new'")
      await shows({ name: 'row 1', n: 1, extra: 'new' })
      await database.query('ALTER TABLE item ALTER COLUMN n TYPE numeric USING n / 2.0')
      await shows({ name: 'row 1', n: expect.objectContaining({ tag: 'decimal' }), extra: 'new' })
      await database.query('ALTER TABLE item DROP COLUMN name')
      await shows({ name: null, n: expect.objectContaining({ tag: 'decimal' }), extra: 'new' })
      await database.query("UPDATE item SET extra = 'written' WHERE id = 'a1'")
      await shows({ name: null, n: expect.objectContaining({ tag: 'decimal' }), extra: 'written' })
      expect(await table.patchValue('a1', { extra: 'ours' })).toMatchObject({ extra: 'ours' })
      await expect(table.patchValue('a1', { name: 'x' })).rejects.toMatchObject({
        code: 'table/unknown-field',
      })
      await table.close()
      await remote.close()
    }),
  )

  test(
    '[PG7] a change that meets other columns than before is followed by reading everything',
    withDatabase(async (database) => {
      const remote = await open(database, { schemaCheckMs: Infinity })
      const next = taking(remote.master('item').watch({ signal: new AbortController().signal }))
      await next()
      await database.query(insertMany('a', 1))
      expect(await next()).toMatchObject({ kind: 'upsert', row: { n: 1 } })
      await database.query('ALTER TABLE item ALTER COLUMN n TYPE text USING n::text')
      await database.query("UPDATE item SET n = 'many'")
      expect(await next()).toMatchObject({ kind: 'upsert', row: { n: 'many' } })
      expect(await next()).toMatchObject({ kind: 'invalidated' })
      await remote.close()
    }),
  )

  test(
    '[PG7] a place from before the table was altered or made anew is none to go on from',
    withDatabase(async (database) => {
      for (const change of ['ALTER TABLE item ADD COLUMN more int', `DROP TABLE item; ${createItem}`]) {
        const first = await open(database)
        const next = taking(first.master('item').watch({ signal: new AbortController().signal }))
        const from = cursorOf(await next())
        await first.close()
        await database.query(change)
        const second = await open(database)
        const again = taking(second.master('item').watch({ signal: new AbortController().signal, from }))
        expect(await again()).toMatchObject({ kind: 'live' })
        await database.query(insertMany('a', 1))
        expect(await again()).toMatchObject({ id: 'a1' })
        await second.close()
      }
    }),
  )

  test(
    '[PG8] a value too long to be told again is read, and a row that got another id leaves the old one',
    withDatabase(async (database) => {
      const long = 'x'.repeat(20_000)
      const grant = `CREATE ROLE reader LOGIN REPLICATION PASSWORD 'r'; GRANT SELECT, INSERT ON item TO reader;
      ALTER TABLE item ALTER COLUMN name SET STORAGE EXTERNAL;
      CREATE PUBLICATION "freshet_public.item" FOR TABLE item`
      await database.query(grant)
      const url = database.url.replace(/\/\/[^@]+@/, '//reader:r@')
      // Not the owner's connection: the table keeps its replica identity, the key alone.
      const remote = await open(database, { url })
      const next = taking(remote.master('item').watch({ signal: new AbortController().signal }))
      expect(await next()).toMatchObject({ kind: 'live' })
      await database.query("INSERT INTO item VALUES ('a', $1, 1)", [long])
      expect(await next()).toMatchObject({ row: { name: long } })
      await database.query('UPDATE item SET n = 2')
      expect(await next()).toMatchObject({ kind: 'upsert', id: 'a', row: { name: long, n: 2 } })
      await database.query("UPDATE item SET id = 'b'")
      expect(await next()).toMatchObject({
        kind: 'transaction',
        changes: [
          { kind: 'delete', id: 'a' },
          { kind: 'upsert', id: 'b', row: { name: long, n: 2 } },
        ],
      })
      await remote.close()
      await database.query('REVOKE ALL ON item FROM reader; DROP ROLE reader')
    }),
  )

  test(
    '[PG8] a watch of a view tells rows as they were',
    withDatabase(async (database) => {
      const remote = await open(database)
      const view = remote.master('item').withFilter({ op: 'gt', field: 'n', value: 10 })
      const next = taking(view.watch({ signal: new AbortController().signal }))
      await next()
      await database.query("INSERT INTO item VALUES ('a', 'a', 20)")
      await next()
      await database.query('UPDATE item SET n = 5')
      expect(await next()).toMatchObject({ row: { n: 5 }, before: { n: 20 } })
      const table = await openLiveTable(view.withFilter({ op: 'lt', field: 'n', value: 100 }), {
        preload: true,
      })
      await table.close()
      await remote.close()
    }),
  )

  test(
    '[PG9] TRUNCATE makes everything be read again',
    withDatabase(async (database) => {
      await database.query(insertMany('a', 5))
      const remote = await open(database)
      const table = await openLiveTable(remote.master('item'), { preload: true })
      await untilLive(table)
      expect(table.collection.size).toBe(5)
      await database.query('TRUNCATE item')
      await vi.waitFor(() => expect(table.collection.size).toBe(0), { timeout: 20_000 })
      await table.close()
      await remote.close()
    }),
  )

  test(
    '[PG10] a server that stops and starts again is gone on from where it was',
    withDatabase(async (database) => {
      const remote = await open(database)
      const told: string[] = []
      const calls = { page: 0 }
      const table = await openLiveTable(counted(remote.master('item'), told, calls), { preload: true })
      await untilLive(table)
      await database.query(insertMany('a', 1))
      await vi.waitFor(() => expect(table.collection.size).toBe(1), { timeout: 20_000 })
      const pages = calls.page
      await postgres.server.stop()
      await vi.waitFor(() => expect(table.status.get().state).toBe('retrying'), { timeout: 20_000 })
      await expect(remote.master('item').get(['a1'])).rejects.toMatchObject({
        code: 'table/unreachable',
        retryable: true,
      })
      await postgres.server.start()
      await database.query(insertMany('b', 1_000))
      await vi.waitFor(() => expect(table.collection.size).toBe(1_001), { timeout: 25_000 })
      expect(told.filter((kind) => kind === 'upsert')).toHaveLength(1_001)
      expect(calls.page).toBe(pages)
      await table.close()
      await remote.close()
    }),
  )

  test(
    '[PG11] what others write to other tables moves the place on, so that the server can let go',
    withDatabase(async (database) => {
      await database.query('CREATE TABLE other (filler text)')
      const remote = await open(database)
      const controller = new AbortController()
      const next = taking(remote.master('item').watch({ signal: controller.signal }))
      const live = await next()
      await database.query("ALTER SYSTEM SET wal_sender_timeout = '4s'")
      await database.query('SELECT pg_reload_conf()')
      await database.query("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 3000)")
      const moved = await next()
      expect(moved).toMatchObject({ kind: 'transaction', changes: [] })
      expect(placeOf(moved)).toBeGreaterThan(placeOf(live))
      await database.query(insertMany('a', 1))
      controller.abort()
      await database.query('ALTER SYSTEM RESET wal_sender_timeout')
      await database.query('SELECT pg_reload_conf()')
      const resumed = taking(
        remote.master('item').watch({ signal: new AbortController().signal, from: cursorOf(moved) }),
      )
      expect([await resumed(), await resumed()]).toMatchObject([
        { kind: 'resumed' },
        { kind: 'upsert', id: 'a1' },
      ])
      await remote.close()
    }),
  )

  test('[PG12] the name of a slot tells replica and table, and is one that PostgreSQL takes', () => {
    expect(slotName('shop', 'client')).toBe('shop_client')
    const names = ['Client', 'client ', 'x'.repeat(80), 'ü'].map((table) => slotName('shop', table))
    for (const name of names) expect(name).toMatch(/^shop_[a-z0-9_]{1,58}$/)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => name.length <= 63)).toBe(true)
  })

  test('[PG12] a name that is none for a slot is refused before anything is connected', async () => {
    const opening = openPostgresDatabase({ url: 'postgres://127.0.0.1:1/x', tables, slot: 'Shop' })
    await expect(opening).rejects.toMatchObject({ code: 'postgres/bad-slot', kind: 'usage' })
  })
})

type Told = { readonly state: string; readonly rows: number }

function startReplica(database: TestDatabase, folder: string) {
  const script = fileURLToPath(new URL('../testing/postgres-replica-process.ts', import.meta.url))
  const child: ChildProcess = fork(script, [database.url, database.name, folder], {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  })
  let last: Told = { state: 'started', rows: 0 }
  child.on('message', (message) => {
    // Sent by postgres-replica-process.ts, which sends nothing else.
    last = message as Told
  })
  return {
    until: (holds: (told: Told) => boolean) =>
      vi.waitFor(() => expect(holds(last)).toBe(true), { timeout: 20_000, interval: 5 }),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** The replica that was killed, in this process; what it is told and asks is counted. */
async function reopen(database: TestDatabase, folder: string) {
  const remote = await openPostgresDatabase({ url: database.url, tables, slot: database.name })
  const told: string[] = []
  const calls = { page: 0 }
  const table = await openLiveTable(counted(remote.master('item'), told, calls), {
    preload: true,
    cacheKey: 'items',
    store: (storeTables) => openSqliteStore({ path: join(folder, 'items.sqlite'), tables: storeTables }),
  })
  const close = async (): Promise<void> => {
    await table.close()
    await remote.close()
  }
  return { table, told, calls, close }
}

function counted(master: Master, told: string[], calls: { page: number }): Master {
  const count = (change: MasterChange): void => {
    if (change.kind === 'transaction') told.push(...change.changes.map(({ kind }) => kind))
    else told.push(change.kind)
  }
  return {
    ...master,
    page(step, signal) {
      calls.page += 1
      return master.page(step, signal)
    },
    async *watch(options) {
      for await (const change of master.watch(options)) {
        count(change)
        yield change
      }
    },
  }
}

async function untilLive(table: LiveTable): Promise<void> {
  await vi.waitFor(() => expect(table.status.get().state).toBe('live'), { timeout: 20_000 })
}

/** Waits until the replica has on disk what was committed after this place. */
async function untilAcknowledged(database: TestDatabase, lsn: string): Promise<void> {
  const place = parseLsn(lsn) ?? 0n
  await vi.waitFor(async () => expect((await slots(database))[0]?.confirmed).toBeGreaterThan(place), {
    timeout: 20_000,
  })
}

async function slots(database: TestDatabase) {
  const rows = await database.query(
    `SELECT slot_name, confirmed_flush_lsn::text AS place, wal_status FROM pg_replication_slots
     WHERE database = current_database() ORDER BY slot_name`,
  )
  return rows.map((row) => ({
    name: String(row['slot_name']),
    confirmed: parseLsn(String(row['place'])) ?? 0n,
    status: row['wal_status'],
  }))
}

function cursorOf(change: MasterChange | undefined): string {
  const cursor = change !== undefined && 'cursor' in change ? change.cursor : undefined
  if (cursor === undefined) throw new RangeError('The change names no place.')
  return cursor
}

function placeOf(change: MasterChange | undefined): bigint {
  return parseLsn(cursorOf(change).split(' ').at(-1) ?? '') ?? 0n
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-replica-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
