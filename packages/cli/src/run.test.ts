import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seedHillValley, hillValleyScope } from './demo/hill-valley.ts'
import { startSurrealServer, type SurrealServer } from './demo/surreal-server.ts'
import type { Io } from './io.ts'
import { parseConfig } from './config-file.ts'
import { knownOptions } from './parse-call.ts'
import { interruptedAtOnce, runForText, type RanText } from './testing/run-command.ts'

let server: SurrealServer
let folder: string

beforeAll(async () => {
  server = await startSurrealServer()
  await seedHillValley(server)
  folder = await mkdtemp(join(tmpdir(), 'freshet-cli-'))
})
afterEach(async () => {
  await server.start()
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs words split at spaces; an array where a word has spaces. */
function freshet(line: string | readonly string[], more?: Partial<Io>): Promise<RanText> {
  const words = typeof line === 'string' ? line.split(' ') : line
  return runForText(words, { ...interruptedAtOnce, ...more })
}

function db(line: string | readonly string[], more?: Partial<Io>): Promise<RanText> {
  const words = typeof line === 'string' ? line.split(' ') : line
  return freshet(['db', ...words, '--url', server.url], more)
}

test('[CL1] without an entity the entities are named', async () => {
  expect(await freshet('db')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "Available entities: bakery, client, product, order

      freshet db bakery list
      freshet db bakery id=ID get
      freshet db bakery page=2 ipp=10 list
      freshet db bakery ref",
    }
  `)
})

test('[CL2] list prints five columns, dashes, rows and how many there are', async () => {
  expect(await db('client list')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "id     name         email                  contact_details  is_paying_client
    -----  -----------  ---------------------  ---------------  ----------------
    biff   Biff Tannen  biff-3293@hotmail.com  555-1955         false
    doc    Doc Brown    doc@brown.com          555-1885         true
    marty  Marty McFly  marty@gmail.com        555-1955         true
    Found 3 records",
    }
  `)
  expect(await db('product list')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "id              name                           price  calories  sticker
    --------------  -----------------------------  -----  --------  -------
    delorean_donut  DeLorean Doughnut              135    250       dog
    flux_cupcake    Flux Capacitor Cupcake         120    300       cat
    hover_cookies   Hoverboard Cookies             199    150       chicken
    sea_pie         Enchantment Under the Sea Pie  299    350       pig
    time_tart       Time Traveler Tart             220    200       None
    Found 5 records",
    }
  `)
})

test('[CL2] get prints the first record as JSON', async () => {
  expect(await db('client id=biff get')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "{
      "id": "biff",
      "bakery": "bakery:hill_valley",
      "balance": "-50.25",
      "contact_details": "555-1955",
      "email": "biff-3293@hotmail.com",
      "is_paying_client": false,
      "metadata": {
        "credit_limit": 500,
        "notes": "Often late with payments"
      },
      "name": "Biff Tannen"
    }",
    }
  `)
  expect(await db('client id=nobody get')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "No record found",
    }
  `)
})

test('[CL3] conditions are read as what the column holds', async () => {
  expect((await db('client is_paying_client=on list')).out).toMatchInlineSnapshot(`
    "id     name         email            contact_details  is_paying_client
    -----  -----------  ---------------  ---------------  ----------------
    doc    Doc Brown    doc@brown.com    555-1885         true
    marty  Marty McFly  marty@gmail.com  555-1955         true
    Found 2 records"
  `)
  expect((await db('product price=199 calories=150 get --json')).out).toMatchInlineSnapshot(
    `"{"id":"hover_cookies","bakery":"bakery:hill_valley","calories":150,"inventory":{"stock":40},"is_deleted":false,"name":"Hoverboard Cookies","price":199,"sticker":"chicken"}"`,
  )
  expect((await db('client balance=150 get --json')).out).toContain('"marty"')
})

test('[CL3] a condition that makes no sense is said, and the rest goes on', async () => {
  expect(await db('client colour=red balance=x id=doc get --json')).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ Column 'colour' not found. Columns: id, name, email, contact_details, is_paying_client, balance, bakery, metadata.
    ❌ Invalid decimal value: x",
      "out": "{"id":"doc","bakery":"bakery:hill_valley","balance":"500.5","contact_details":"555-1885","email":"doc@brown.com","is_paying_client":true,"name":"Doc Brown"}",
    }
  `)
})

test('[CL3] a text is searched in the columns of text, whatever its case', async () => {
  const rows = (line: readonly string[]): Promise<RanText> => db([...line, 'list', '--json'])
  expect((await rows(['client', '?MCFLY'])).out).toMatch(/^\{"id":"marty".*\}$/)
  expect((await rows(['product', '?pie', 'price=1'])).out).toBe('')
  expect((await rows(['client', "?' OR true --"])).out).toBe('')
})

test('[CL4] page and ipp show one page', async () => {
  expect((await db('product page=2 ipp=2 list')).out).toMatchInlineSnapshot(`
    "id             name                           price  calories  sticker
    -------------  -----------------------------  -----  --------  -------
    hover_cookies  Hoverboard Cookies             199    150       chicken
    sea_pie        Enchantment Under the Sea Pie  299    350       pig
    Found 2 records"
  `)
  expect(await db('product page=two list')).toMatchObject({ code: 2 })
})

test('[CL5] add and delete say what they did, and add never pretends', async () => {
  const scone = '{"name":"Scone","price":90,"is_deleted":false}'
  expect(await db(['product', 'add', 'scone', scone])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "✓ Added record with id: scone",
    }
  `)
  expect(await db(['product', 'add', 'scone', scone])).toMatchObject({ code: 0 })
  expect(await db(['product', 'add', 'scone', '{"name":"Other","price":91}'])).toMatchInlineSnapshot(`
    {
      "code": 5,
      "err": "❌ There is a record with id scone already, and it was left as it is. Delete it first, or choose another id.",
      "out": "",
    }
  `)
  expect(await db('product id=scone get --json')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "{"id":"scone","calories":0,"is_deleted":false,"name":"Scone","price":90}",
    }
  `)
  expect(await db('product delete scone')).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "✓ Deleted record with id: scone",
    }
  `)
  expect(await db('product id=scone get')).toMatchObject({ out: 'No record found' })
})

test('[CL5] what the database refuses is one sentence and exit code 3', async () => {
  const ran = await db(['product', 'add', 'gift', '{"name":"Gift","price":0}'])
  expect(ran.code).toBe(3)
  expect(ran.err).toMatch(/^❌ .*price.*$/)
})

test('[CL6] references are named and followed', async () => {
  expect((await db('client ref')).out).toMatchInlineSnapshot(`"Available references: bakery, orders"`)
  expect((await db('client id=doc ref orders list --json')).out.split('\n').length).toBe(2)
  expect((await db('client id=marty ref bakery get')).out).toMatchInlineSnapshot(`
    "→ Following reference: bakery
    {
      "id": "hill_valley",
      "name": "Hill Valley Bakery",
      "profit_margin": 15
    }"
  `)
  expect((await db('client id=nobody ref orders list')).out).toContain('Found 0 records')
  expect((await db('client ref orders list')).out).toContain('Found 3 records')
  expect(await db('client ref nothing list')).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "",
      "out": "❌ Reference 'nothing' not found: choose one of bakery, orders.",
    }
  `)
})

test('[CL7] unknown commands, entities, options and broken JSON are said with what to do', async () => {
  expect(await db('client dance')).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "",
      "out": "Unknown command: dance
    Commands: list, get, add, delete, watch, ref, ?text, field=value, page=N, ipp=N",
    }
  `)
  expect(await db('clients list')).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ There is no entity "clients". Available entities: bakery, client, product, order.",
      "out": "",
    }
  `)
  expect(await freshet('db client list --colour')).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ Unknown option '--colour'. See freshet --help.",
      "out": "",
    }
  `)
  expect(await freshet('dance')).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ There is no command "dance". See freshet --help.",
      "out": "",
    }
  `)
  expect(await db(['product', 'add', 'x', '{"name":'])).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ The row is no JSON object: Unexpected end of JSON input. Put it in single quotes, such as '{"name":"X"}'.",
      "out": "",
    }
  `)
  expect(await db('product add x')).toMatchObject({
    code: 2,
    err: '❌ Call it as add ID JSON. See freshet --help.',
  })
  expect(await freshet('db client list --url http://127.0.0.1:8000')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Give one such as ws://'),
  })
  expect(await freshet(['db', 'client', 'list', '--url', 'not a url'])).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ "not a url" is no WebSocket address of a SurrealDB server, nor one of PostgreSQL. Give one such as ws://127.0.0.1:8255/rpc or postgres://user@host/database.",
      "out": "",
    }
  `)
})

test('[CL8] with a cache a second run answers from disk while the database is stopped, and says so', async () => {
  const cache = join(folder, 'cache')
  const before = await db(['client', 'list', '--cache', cache])
  expect(before).toMatchObject({ code: 0, err: '' })
  await server.stop()
  const after = await db(['client', 'list', '--cache', cache])
  expect(after.out).toBe(before.out)
  expect(after.code).toBe(0)
  expect(after.err).toMatch(/^From the cache, read \d+ s ago/)
  const asked = await db(['client', 'list', '--cache', cache, '--refresh'])
  expect(asked.code).toBe(3)
  await server.start()
  expect(await db(['client', 'list', '--cache', cache, '--refresh'])).toEqual(before)
})

test('[CL8] a write through the cache is seen by the next run', async () => {
  const cache = join(folder, 'written')
  await db(['product', 'list', '--cache', cache])
  await db(['product', 'add', 'bun', '{"name":"Bun","price":50}', '--cache', cache])
  expect((await db(['product', 'list', '--cache', cache])).out).toContain('Bun')
  await db(['product', 'delete', 'bun', '--cache', cache])
  expect((await db(['product', 'list', '--cache', cache])).out).not.toContain('Bun')
})

test('[CL9] a cache that cannot be used is one sentence and exit code 6', async () => {
  const file = join(folder, 'a-file')
  await writeFile(file, 'not a folder')
  const ran = await db(['client', 'list', '--cache', file])
  expect(ran.code).toBe(6)
  expect(ran.err).toMatch(/^❌ The cache folder .* cannot be used: .*$/)
  const broken = join(folder, 'broken')
  await db(['client', 'list', '--cache', broken])
  await writeFile(join(broken, '_client.freshet.sqlite'), 'x'.repeat(10_000))
  expect(await db(['client', 'list', '--cache', broken])).toMatchObject({
    code: 6,
    err: expect.stringMatching(/^❌ [^\n]+$/),
  })
  expect(await db(['client', 'list', '--cache', broken, '--no-cache'])).toMatchObject({ code: 2 })
})

test('[CL10] a database out of reach is one sentence and exit code 3, without a stack', async () => {
  await server.stop()
  const ran = await db('client list')
  expect(ran.code).toBe(3)
  expect(ran.err.replaceAll(/:\d+/g, ':PORT')).toMatchInlineSnapshot(
    `"❌ The database at ws://127.0.0.1:PORT/rpc is out of reach. Check the address and that the database runs."`,
  )
  expect((await db('client list --debug')).err).toMatch(/\n\s+at /)
})

test('[CL11] debug shows misses, hits and the cache key', async () => {
  const { err } = await db('client list list --debug')
  expect(err).toContain(
    'freshet::table::read miss req=1 cache_key=client key=client/page_1 page=1 op=list outcome=miss',
  )
  expect(err).toContain(
    'freshet::table::read hit req=2 cache_key=client key=client/page_1 page=1 op=list outcome=hit',
  )
  const quiet = await db('client list list')
  expect(quiet.err).toBe('')
  const logged = await db('client list', { env: { FRESHET_LOG: 'info' } })
  expect(logged.err).toContain('info freshet::table opened cache_key=client')
  const odd = await db('client list', { env: { FRESHET_LOG: 'loud' } })
  expect(odd).toMatchObject({
    code: 0,
    err: 'FRESHET_LOG=loud is no level. Use error, warn, info, debug or trace.',
  })
})

test('[CL2] every verb prints the same without a cache', async () => {
  for (const line of [
    'client list',
    'product page=2 ipp=2 list',
    'client id=marty ref orders list',
    'bakery get',
  ]) {
    expect(await db(`${line} --no-cache`)).toEqual(await db(line))
  }
})

test('[CL12] watch prints rows, then changes, until it is interrupted', async () => {
  const ending = new AbortController()
  const lines: string[] = []
  const seen = Promise.withResolvers<void>()
  const ran = db('product watch', {
    interrupted: () => ending.signal,
    out(text) {
      lines.push(text)
      if (lines.length === 5) {
        void server.query(hillValleyScope, 'UPDATE product:time_tart SET price = 221; DELETE product:nothing')
      }
      if (text.startsWith('~'))
        void server.query(hillValleyScope, "CREATE product:roll SET name = 'Roll', price = 40")
      if (text.startsWith('+ roll')) void server.query(hillValleyScope, 'DELETE product:roll')
      if (text.startsWith('- ')) seen.resolve()
    },
  })
  await seen.promise
  ending.abort()
  expect(await ran).toMatchObject({ code: 0, err: expect.stringMatching(/^Live: ws:/) })
  expect(lines.slice(0, 5).every((line) => line.startsWith('+ '))).toBe(true)
  expect(lines.slice(5).map((line) => line.slice(0, 40))).toMatchInlineSnapshot(`
    [
      "~ time_tart  price: 220 → 221",
      "+ roll  {"id":"roll","calories":0,"is_de",
      "- roll",
    ]
  `)
  await server.query(hillValleyScope, 'UPDATE product:time_tart SET price = 220')
})

test('[CL12] watch with --json prints one change per line', async () => {
  const ran = await db('client id=doc watch --json')
  expect(ran.code).toBe(0)
})

test('[CL13] the help names every command and option', async () => {
  const { out, code } = await freshet('--help')
  expect(code).toBe(0)
  const written = new Set(out.match(/--[a-z0-9-]+/g))
  for (const option of Object.keys(knownOptions)) expect(written).toContain(`--${option}`)
  for (const family of ['torii', 'raindex']) {
    const about = await freshet([family, '--help'])
    const refusal = await freshet([family])
    // What the sentence of a wrong call offers, as a|b|c.
    const [commands = ''] = /[a-z]+(\|[a-z]+)+/.exec(refusal.err) ?? []
    expect(commands.split('|').length).toBeGreaterThan(3)
    for (const command of commands.split('|')) {
      expect(about.out).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
      expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
    }
  }
})

test('[CL13] the help of one command has nothing of the others', async () => {
  const db = await freshet(['db', '--help'])
  expect(db.out).toContain('ref NAME COMMAND…')
  expect(db.out).not.toContain('--rpc')
  expect((await freshet(['help', 'raindex'])).out).toBe((await freshet(['raindex', '--help'])).out)
})

test('[CL14] a configuration names entities and connection', async () => {
  const path = join(folder, 'bakery.yaml')
  const config = (url: string): string => `
connection:
  url: ${url}
  namespace: demo
  database: hill_valley
entities:
  person:
    table: client
    title: name
    columns: { name: text, balance: decimal }
    references:
      shop: { one: shop, field: bakery }
  shop:
    table: bakery
    columns: { name: text }
`
  await writeFile(path, config(server.url))
  expect(await freshet(['db', '--config', path])).toMatchObject({
    out: expect.stringContaining('person, shop'),
  })
  expect((await freshet(['db', 'person', 'id=doc', 'get', '--json', '--config', path])).out).toContain(
    'Doc Brown',
  )
  await writeFile(path, config(server.url).replace('balance: decimal', 'balance: money'))
  const ran = await freshet(['db', 'person', 'list', '--config', path])
  expect(ran.code).toBe(2)
  expect(ran.err.replaceAll(folder, 'DIR')).toMatchInlineSnapshot(
    `"❌ DIR/bakery.yaml:10: There is no column type "money". Types: any, bool, int, float, decimal, text, bytes, datetime, uuid, recordId, duration, array, object."`,
  )
  expect(await freshet(['db', 'person', 'list', '--config', join(folder, 'none.yaml')])).toMatchObject({
    code: 2,
  })
})

test('[CL14] a configuration may name a SQLite file beside it', async () => {
  const path = join(folder, 'shop.yaml')
  const database = new DatabaseSync(join(folder, 'shop.sqlite'))
  database.exec('CREATE TABLE item (id TEXT PRIMARY KEY, name TEXT, price INTEGER) STRICT')
  database.exec("INSERT INTO item VALUES ('tart', 'Tart', 5), ('pie', 'Pie', 7)")
  database.close()
  await writeFile(
    path,
    'connection: { sqlite: shop.sqlite }\nentities: { item: { columns: { name: text, price: int } } }\n',
  )
  expect(await freshet(['db', 'item', 'price=7', 'list', '--config', path])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "id   name  price
    ---  ----  -----
    pie  Pie   7
    Found 1 records",
    }
  `)
  expect(
    await freshet(['db', 'item', 'add', 'bun', '{"name":"Bun","price":3}', '--config', path]),
  ).toMatchObject({ code: 0 })
  expect((await freshet(['db', 'item', 'list', '--config', path, '--json'])).out.split('\n').length).toBe(3)
})

test('[CL14] mistakes in a configuration are said with their lines', async () => {
  const mistakes = [
    ['connection:\n  url: ws://x\nentities: [', 3],
    ['connection: { url: ws://x, namespace: n, database: d }\n\nentity: {}', 3],
    ['connection: { url: ftp://x, namespace: n, database: d }\nentities: { a: { columns: { b: text } } }', 1],
    [
      'connection: { sqlite: x }\nentities:\n  a:\n    columns: { b: text }\n    references:\n      c: { one: d, field: b }',
      6,
    ],
    ['connection: { sqlite: x }\nentities:\n  a:\n    columns:', 4],
    ['- 1', 1],
    ['', 1],
  ] as const
  for (const [text, line] of mistakes) {
    const error = (() => {
      try {
        return parseConfig(text, 'x.yaml')
      } catch (caught) {
        return caught
      }
    })()
    expect(error, text).toMatchObject({ code: 'cli/bad-config', kind: 'usage' })
    expect((error as Error).message, text).toMatch(new RegExp(`^x\\.yaml:${line}: .+\\.$`))
  }
})
