import { Client } from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { tableSchema } from '../master-schema.ts'
import { postgresFixture, skipNote, whyNoPostgres } from '../testing/postgres-fixture.ts'
import { openPostgresDatabase } from './postgres-database.ts'

describe.skipIf(whyNoPostgres !== undefined)(`commits that reads see${skipNote}`, () => {
  const postgres = postgresFixture()

  test('[PG25] a change is told when reads see it, though the log had it before', async () => {
    const database = await postgres.open('CREATE TABLE item (id text PRIMARY KEY, name text)')
    const opened = await openPostgresDatabase({
      url: database.url,
      tables: { item: tableSchema({ columns: { name: 'text' } }) },
      slot: database.name,
    })
    const master = opened.master('item')
    const unseen: string[] = []
    const live = Promise.withResolvers<void>()
    const watching = (async () => {
      for await (const change of master.watch({ signal: new AbortController().signal })) {
        if (change.kind === 'live') live.resolve()
        if (change.kind !== 'upsert') continue
        if ((await master.get([change.id])).length === 0) unseen.push(change.id)
        if (change.id === 'last') return
      }
    })()
    await live.promise
    const writer = new Client(database.url)
    await writer.connect()
    const isHeld = async (): Promise<boolean> => {
      const held =
        "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()"
      return (await database.query(held)).length > 0
    }
    await writer.query('SET synchronous_commit = on')
    // A commit is in the log, and waits there for a standby that never comes.
    await database.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    let writing: Promise<unknown> = Promise.resolve()
    try {
      await database.query('SELECT pg_reload_conf()')
      for (let at = 0; !(await isHeld()); at++) {
        let isOver = false
        writing = writer.query(`INSERT INTO item VALUES ('held${at}')`).finally(() => (isOver = true))
        while (!isOver && !(await isHeld()));
      }
      const [place] = await database.query('SELECT pg_current_wal_flush_lsn()::text AS lsn')
      const isSent = `SELECT FROM pg_stat_replication WHERE sent_lsn >= '${String(place?.['lsn'])}'`
      await vi.waitFor(async () => expect(await database.query(isSent)).toHaveLength(1), {
        timeout: 20_000,
      })
    } finally {
      await database.query('ALTER SYSTEM RESET synchronous_standby_names')
      await database.query('SELECT pg_reload_conf()')
      await writing
      await writer.end()
    }
    await database.query("INSERT INTO item VALUES ('last')")
    await watching
    expect(unseen).toEqual([])
    await opened.close()
    await database.close()
  })
})
