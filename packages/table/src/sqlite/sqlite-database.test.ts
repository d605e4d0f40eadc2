import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { decimal } from '@freshet/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WriteRejectedError } from '../master-errors.ts'
import { tableSchema } from '../master-schema.ts'
import type { MasterChange } from '../master.ts'
import { contractTables } from '../testing/contract-fixture.ts'
import { masterContract } from '../testing/master-contract.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

masterContract(
  'SQLite',
  async () => ({
    database: openSqliteDatabase({ path: ':memory:', tables: contractTables, createTables: true }),
  }),
  {
    refuses: [
      'fields named like prototype members',
      'field name with quotes',
      'field name with a dot',
      'empty field name',
      'invalid UTF-16 in text',
      'NaN',
      '2^63',
      '2^70',
      'first and last Date',
      'types mixed and nested',
      'nested 10,000 levels',
    ],
  },
)

const product = tableSchema({ columns: { name: 'text', price: 'decimal', stock: 'int' } })
const created = `CREATE TABLE product (
  id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE, price TEXT CHECK (price > 0), stock INTEGER DEFAULT 7
)`

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-'))
  path = join(folder, 'bakery.sqlite')
  const database = new DatabaseSync(path)
  database.exec(created)
  database.close()
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('[TB50] writes of other connections are seen at the next poll, and only then', async () => {
  const clock = createManualClock()
  const database = openSqliteDatabase({ path, tables: { product }, clock })
  const other = new DatabaseSync(path)
  const changes = database
    .master('product')
    .watch({ signal: new AbortController().signal })
    [Symbol.asyncIterator]()
  expect(await changes.next()).toMatchObject({ value: { kind: 'live' } })
  clock.runAll()
  const next = changes.next()
  other.exec("INSERT INTO product (id, name) VALUES ('tart', 'Time Tart')")
  other.exec("UPDATE product SET stock = 3 WHERE id = 'tart'")
  other.exec("UPDATE product SET id = 'pie' WHERE id = 'tart'")
  expect(await Promise.race([next, Promise.resolve('not yet')])).toBe('not yet')
  clock.runAll()
  expect(await next).toMatchObject({ value: { kind: 'delete', id: 'tart' } })
  const rest = [await changes.next(), await changes.next(), await changes.next()]
  expect(rest).toMatchObject([
    { value: { kind: 'delete', id: 'tart' } },
    { value: { kind: 'delete', id: 'tart' } },
    { value: { kind: 'upsert', id: 'pie', row: { stock: 3 } } },
  ])
  other.close()
  await database.close()
})

test('[TB51] a watch goes on after a restart, and does not take a cursor of another database', async () => {
  const write = { name: 'Time Tart', price: decimal('2.20') }
  const first = openSqliteDatabase({ path, tables: { product } })
  const changes = first
    .master('product')
    .watch({ signal: new AbortController().signal })
    [Symbol.asyncIterator]()
  await changes.next()
  await first.master('product').insert('tart', write, { opId: 'op-1' })
  const seen = await changes.next()
  await first.close()
  const other = new DatabaseSync(path)
  other.exec("UPDATE product SET stock = 3 WHERE id = 'tart'")
  other.close()

  const from = seen.done === true || !('cursor' in seen.value) ? undefined : seen.value.cursor
  const again = openSqliteDatabase({ path, tables: { product } })
  const missed = await take(again.master('product').watch({ signal: new AbortController().signal, from }), 3)
  expect(missed).toMatchObject([
    { kind: 'resumed' },
    { kind: 'upsert', id: 'tart', row: { stock: 3 } },
    { kind: 'live' },
  ])
  await again.close()

  const elsewhere = openSqliteDatabase({ path: ':memory:', tables: { product }, createTables: true })
  const fresh = await take(
    elsewhere.master('product').watch({ signal: new AbortController().signal, from }),
    1,
  )
  expect(fresh).toMatchObject([{ kind: 'live' }])
  await elsewhere.close()
})

test('[TB52] a refused write names the column that SQLite refuses, and stores nothing', async () => {
  const database = openSqliteDatabase({ path, tables: { product } })
  const master = database.master('product')
  await master.insert('tart', { name: 'Time Tart', price: 2 }, { opId: '1' })
  const refused = {
    name: () => master.insert('other', { name: 'Time Tart' }, { opId: '2' }),
    price: () => master.patch('tart', { set: { price: 0 } }, { opId: '3' }),
  }
  for (const [field, write] of Object.entries(refused)) {
    const error: unknown = await write().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(WriteRejectedError)
    expect(error).toMatchObject({ code: 'table/rejected', fieldErrors: [{ field }] })
  }
  await expect(master.patch('tart', { set: {}, unset: ['name'] }, { opId: '4' })).rejects.toMatchObject({
    fieldErrors: [{ field: 'name' }],
  })
  expect(await master.list({})).toMatchObject({ total: 1, rows: [['tart', { price: decimal('2') }]] })
  await database.close()
})

test('[TB53] ids of an INTEGER PRIMARY KEY are counted by SQLite; an id it would alter is refused', async () => {
  const counted = tableSchema({ columns: { name: 'text' }, idField: 'nr' })
  const setup = new DatabaseSync(path)
  setup.exec('CREATE TABLE counted (nr INTEGER PRIMARY KEY, name TEXT)')
  setup.close()
  const database = openSqliteDatabase({ path, tables: { counted } })
  const master = database.master('counted')
  const first = await master.insertReturnId({ name: 'a' }, { opId: '1' })
  const second = await master.insertReturnId({ name: 'b' }, { opId: '2' })
  expect([first.id, second.id]).toEqual(['1', '2'])
  expect(await master.insert('10', { name: 'c' }, { opId: '3' })).toMatchObject({ row: { nr: '10' } })
  await expect(master.insert('011', { name: 'd' }, { opId: '4' })).rejects.toMatchObject({
    code: 'table/unstorable',
  })
  await expect(master.insert('x', { name: 'd' }, { opId: '5' })).rejects.toMatchObject({
    code: 'table/rejected',
  })
  const walk = [await master.page({ limit: 2 }), await master.page({ after: '2', limit: 2 })]
  expect(walk.flatMap(({ rows }) => rows.map(([id]) => id))).toEqual(['1', '2', '10'])
  await database.close()
})

test('[TB54] a replace gives a column left out its default', async () => {
  const database = openSqliteDatabase({ path, tables: { product } })
  const master = database.master('product')
  await master.insert('tart', { name: 'Time Tart', stock: 20 }, { opId: '1' })
  expect(await master.replace('tart', { name: 'Tart' }, { opId: '2' })).toMatchObject({
    row: { name: 'Tart', stock: 7, price: null },
  })
  await database.close()
})

test('[TB55] a file that is no database, a folder that is not there and a table that is not there are typed errors', () => {
  const file = join(folder, 'text.txt')
  writeFileSync(file, 'this is no database, and long enough to be looked at as one'.repeat(20))
  const opening =
    (at: string, table = 'product') =>
    () =>
      openSqliteDatabase({ path: at, tables: { [table]: product } })
  const naming = (at: string): unknown => expect.stringContaining(at)
  const nowhere = join(folder, 'nowhere', 'x.sqlite')
  expect(opening(file)).toThrow(
    expect.objectContaining({ code: 'sqlite/corrupt', kind: 'storage', message: naming(file) }),
  )
  expect(opening(nowhere)).toThrow(
    expect.objectContaining({ code: 'sqlite/cannot-open', message: naming(nowhere) }),
  )
  expect(opening(path, 'nothing')).toThrow(
    expect.objectContaining({ code: 'table/missing-table', message: naming(path) }),
  )
})

test('[TB56] decimals, instants and nested fields are compared by their meaning, in SQLite as here', async () => {
  const setup = new DatabaseSync(path)
  setup.exec(
    "INSERT INTO product (id, name, price) VALUES ('a', 'a', '9.50'), ('b', 'b', '10'), ('c', 'c', '9.5')",
  )
  setup.close()
  const database = openSqliteDatabase({ path, tables: { product } })
  const master = database.master('product')
  const above = { op: 'gt', field: 'price', value: decimal('9.5') } as const
  expect((await master.list({ filter: above })).rows.map(([id]) => id)).toEqual(['b'])
  const order = [{ field: 'price', direction: 'desc' }] as const
  expect((await master.list({ order, offset: 1 })).rows.map(([id]) => id)).toEqual(['a', 'c'])
  await database.close()
})

async function take(changes: AsyncIterable<MasterChange>, count: number): Promise<MasterChange[]> {
  const taken: MasterChange[] = []
  for await (const change of changes) {
    taken.push(change)
    if (taken.length === count) break
  }
  return taken
}

function createManualClock() {
  let tasks: (() => void)[] = []
  return {
    now: () => 0,
    schedule(task: () => void) {
      tasks.push(task)
      return () => {
        tasks = tasks.filter((each) => each !== task)
      }
    },
    runAll() {
      const due = tasks
      tasks = []
      for (const task of due) task()
    },
  }
}
