import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgres, type EmbeddedServer } from '@freshet/table/postgres/embedded'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { interruptedAtOnce, runCommand, runForText } from './testing/run-command.ts'

const skipped = process.platform === 'linux' ? '' : ': the server that is tested on runs on Linux'

describe.skipIf(skipped !== '')(`PostgreSQL from the command line${skipped}`, () => {
  let server: EmbeddedServer
  let admin: Client
  let folder: string

  beforeAll(async () => {
    server = await startPostgres()
    admin = new Client(server.url)
    await admin.connect()
    await admin.query(`
      CREATE TABLE bakery (id int4 PRIMARY KEY, name text NOT NULL);
      CREATE TABLE product (id text PRIMARY KEY, name text, price numeric(8, 2) CHECK (price > 0), bakery_id int4 REFERENCES bakery);
      CREATE TABLE keyless (a int4, b int4);
      INSERT INTO bakery VALUES (1, 'Hill Valley');
      INSERT INTO product VALUES ('tart', 'Time Tart', 2.20, 1), ('pie', 'Sea Pie', 2.99, 1)`)
    folder = await mkdtemp(join(tmpdir(), 'freshet-cli-'))
  })
  afterAll(async () => {
    await admin?.end()
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const db = (...words: readonly string[]) =>
    runForText(['db', ...words, '--url', server.url], interruptedAtOnce)

  test('[CL22] the entities are the tables with a key, and references their foreign keys', async () => {
    expect((await db()).out).toMatch(/^Available entities: bakery, product\n/)
    expect(await db('product', 'price=2.99', 'list')).toMatchInlineSnapshot(`
      {
        "code": 0,
        "err": "",
        "out": "id   name     price  bakery_id
      ---  -------  -----  ---------
      pie  Sea Pie  2.99   1
      Found 1 records",
      }
    `)
    expect((await db('product', 'ref')).out).toBe('Available references: bakery')
    expect((await db('bakery', 'ref', 'product', 'list', '--json')).out.split('\n')).toHaveLength(2)
    expect((await db('product', 'id=tart', 'ref', 'bakery', 'get', '--json')).out).toContain('"Hill Valley"')
  })

  test('[CL5] what PostgreSQL refuses is said, with the field', async () => {
    const { code, err } = await db('product', 'add', 'x', '{"name":"x","price":-1}')
    expect([code, err]).toEqual([3, expect.stringContaining('price')])
    expect((await db('product', 'add', 'cake', '{"name":"Cake","price":"3.50"}')).out).toContain('✓ Added')
    expect((await db('product', 'delete', 'cake')).code).toBe(0)
  })

  test('[CL10] a server out of reach is one sentence without a secret, and exit code 3', async () => {
    const call = ['db', 'product', 'list', '--url', 'postgres://me:secret@127.0.0.1:1/shop']
    const { code, err } = await runCommand(call, interruptedAtOnce)
    expect(code).toBe(3)
    expect(err.join('\n')).not.toContain('secret')
    expect(err).toHaveLength(1)
  })

  test('[CL23] only a watch with a cache leaves a slot behind, under a name that its folder keeps', async () => {
    const names = async () => (await admin.query('SELECT slot_name FROM pg_replication_slots')).rows
    await db('product', 'list', '--cache', join(folder, 'listed'))
    await db('product', 'watch')
    expect(await names()).toEqual([])
    const cache = join(folder, 'watched')
    const watch = watchProduct(server.url, cache)
    await watch.until((lines) => lines.length >= 2)
    await vi.waitFor(async () => expect(await names()).toHaveLength(1), { timeout: 20_000 })
    const slot = (await readFile(join(cache, 'postgres-slot'), 'utf8')).trim()
    expect(await names()).toEqual([{ slot_name: `${slot}_product` }])
    await watch.kill()
    await dropSlots(admin)
  })

  test('[CL23] a watch that was killed goes on: exactly the 1,000 rows written meanwhile arrive', async () => {
    const config = join(folder, 'shop.yaml')
    await writeFile(
      config,
      `connection: { url: "${server.url}", slot: shop }\nentities: { product: { columns: { name: text, price: decimal } } }\n`,
    )
    const call = ['--config', config]
    const cache = join(folder, 'resumed')
    const first = watchProduct(undefined, cache, call)
    await first.until((lines) => lines.length >= 2)
    await admin.query("INSERT INTO product VALUES ('last', 'Last', 1, 1)")
    await first.until((lines) => lines.some(({ id }) => id === 'last'))
    await acknowledged(admin)
    await first.kill()
    await admin.query("INSERT INTO product SELECT 'new' || g, 'New', g, 1 FROM generate_series(1, 1000) g")

    const second = watchProduct(undefined, cache, [...call, '--debug'])
    await second.until((lines) => lines.length >= 1_003)
    await admin.query("DELETE FROM product WHERE id = 'last'")
    await second.until((lines) => lines.some(({ kind }) => kind === 'removed'))
    const lines = second.lines()
    // First what the cache holds, then what was missed, once each, then what happens.
    expect(
      lines
        .slice(0, 3)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(['last', 'pie', 'tart'])
    const arrived = lines.slice(3, -1)
    expect(arrived.every(({ kind }) => kind === 'inserted')).toBe(true)
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(1_000)
    expect(arrived).toHaveLength(1_000)
    expect(second.errors()).toContain('resumed')
    await second.kill()
    await dropSlots(admin)
  })
})

type Line = { readonly kind: string; readonly id: string }

/** `freshet db product watch` in a process of its own. */
function watchProduct(url: string | undefined, cache: string, more: readonly string[] = []) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning', main]
  const place = url === undefined ? [] : ['--url', url]
  const child = spawn(process.execPath, [
    ...flags,
    'db',
    'product',
    'watch',
    '--json',
    '--cache',
    cache,
    ...place,
    ...more,
  ])
  const lines: Line[] = []
  const errors: string[] = []
  createInterface(child.stdout).on('line', (line) => {
    // A change as `watch --json` prints it.
    lines.push(JSON.parse(line) as Line)
  })
  createInterface(child.stderr).on('line', (line) => errors.push(line))
  return {
    lines: () => lines,
    errors: () => errors.join('\n'),
    until: (holds: (lines: readonly Line[]) => boolean) =>
      vi.waitFor(() => expect({ held: holds(lines), errors: held(errors) }).toMatchObject({ held: true }), {
        timeout: 25_000,
      }),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function held(errors: readonly string[]): readonly string[] {
  return errors.slice(-5)
}

/** Waits until the replica has on disk all that is committed. */
async function acknowledged(admin: Client): Promise<void> {
  const [now] = (await admin.query('SELECT pg_current_wal_insert_lsn()::text AS place')).rows
  await admin.query("UPDATE product SET name = 'Last one' WHERE id = 'last'")
  await vi.waitFor(
    async () => {
      const sql = 'SELECT confirmed_flush_lsn > $1::pg_lsn AS further FROM pg_replication_slots'
      expect((await admin.query(sql, [now?.place])).rows).toEqual([{ further: true }])
    },
    { timeout: 20_000 },
  )
}

async function dropSlots(admin: Client): Promise<void> {
  await vi.waitFor(
    async () => {
      await admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
    },
    { timeout: 20_000 },
  )
}
