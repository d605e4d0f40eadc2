import { decimal, recordId } from '@freshet/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RecordId, Uuid, type Surreal } from 'surrealdb'
import { WriteRejectedError } from '../master-errors.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master } from '../master.ts'
import { connectEmbedded } from './connect-embedded.ts'
import { createSurrealDatabase } from './surreal-database.ts'

const product = tableSchema({
  columns: { name: 'text', price: 'decimal', sticker: 'text', inventory: 'object', bakery: 'recordId' },
})

let client: Surreal
let master: Master

beforeEach(async () => {
  client = await connectEmbedded('mem://', { namespace: 'test', database: 'test' })
  await client.query(`
    DEFINE TABLE product SCHEMAFULL;
    DEFINE FIELD name ON product TYPE string;
    DEFINE FIELD price ON product TYPE decimal ASSERT $value > 0;
    DEFINE FIELD sticker ON product TYPE option<string>;
    DEFINE FIELD inventory ON product TYPE option<object>;
    DEFINE FIELD inventory.stock ON product TYPE option<int>;
    DEFINE FIELD bakery ON product TYPE option<record<bakery>>;
    DEFINE INDEX one_name ON product FIELDS name UNIQUE;
    DEFINE TABLE bakery SCHEMALESS;
    CREATE bakery:hill_valley SET name = 'Hill Valley Bakery';
  `)
  master = createSurrealDatabase({ tables: { product }, remote: client }).master('product')
  await master.insert(
    'tart',
    { name: 'Time Tart', price: decimal('2.20'), inventory: { stock: 20 } },
    { opId: '1' },
  )
})
afterEach(async () => {
  await client.close()
})

test('[TB41] a refused write names the field that SurrealDB refuses, and stores nothing', async () => {
  const refused = {
    price: () => master.patch('tart', { set: { price: decimal('-5') } }, { opId: '2' }),
    name: () => master.insert('other', { name: 'Time Tart', price: 1 }, { opId: '3' }),
    sticker: () => master.patch('tart', { set: { sticker: 5 } }, { opId: '4' }),
    unknown: () => master.replace('tart', { name: 'x', price: 1, unknown: 1 }, { opId: '5' }),
    'inventory.stock': () => master.patch('tart', { set: { inventory: { stock: 'x' } } }, { opId: '6' }),
  }
  for (const [field, write] of Object.entries(refused)) {
    const error: unknown = await write().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(WriteRejectedError)
    expect(error).toMatchObject({ code: 'table/rejected', fieldErrors: [{ field }] })
  }
  expect(await master.list({})).toMatchObject({
    rows: [['tart', { name: 'Time Tart', inventory: { stock: 20 } }]],
  })
})

test('[TB42] record ids that are no text are told apart from texts, both ways', async () => {
  await client.query('DEFINE TABLE other SCHEMALESS')
  const other = createSurrealDatabase({
    tables: { other: tableSchema({ columns: {} }) },
    remote: client,
  }).master('other')
  const keys = [
    5,
    '5',
    -7,
    '~n5',
    new Uuid('018f3c1e-0000-7000-8000-000000000000'),
    ['a', 1],
    { a: 1 },
    '~other',
  ]
  for (const [at, key] of keys.entries())
    await client.query('CREATE $id SET at = $at', { id: new RecordId('other', key), at })
  const { rows } = await other.list({})
  expect(new Set(rows.map(([id]) => id)).size).toBe(keys.length)
  for (const [id, row] of rows) {
    expect(await other.get([id])).toEqual([[id, row]])
    expect(await other.patch(id, { set: { seen: true } }, { opId: id })).toMatchObject({ kind: 'stored' })
    expect((await other.list({ filter: { op: 'eq', field: 'id', value: id } })).rows).toHaveLength(1)
  }
  expect(await other.count({ op: 'eq', field: 'seen', value: true })).toBe(keys.length)
  const walked = [await other.page({ limit: 3 })]
  while (walked.at(-1)?.next !== undefined)
    walked.push(await other.page({ after: walked.at(-1)?.next, limit: 3 }))
  expect(walked.flatMap((page) => page.rows)).toHaveLength(keys.length)
})

test('[TB43] a path in a filter is not followed through a record link', async () => {
  await master.patch('tart', { set: { bakery: recordId('bakery', 'hill_valley') } }, { opId: '2' })
  const linked = { op: 'eq', field: 'bakery.name', value: 'Hill Valley Bakery' } as const
  expect((await master.list({ filter: linked })).rows).toEqual([])
  const nested = { op: 'gte', field: 'inventory.stock', value: 20 } as const
  expect((await master.list({ filter: nested })).rows).toHaveLength(1)
})

test('[TB44] a window is taken after sorting', async () => {
  for (const [id, price] of [
    ['a', '3'],
    ['b', '1'],
    ['c', '4'],
  ] as const) {
    await master.insert(id, { name: id, price: decimal(price) }, { opId: id })
  }
  const order = [{ field: 'price', direction: 'desc' }] as const
  const { rows, total } = await master.list({ order, offset: 1, limit: 2 })
  expect({ ids: rows.map(([id]) => id), total }).toEqual({ ids: ['a', 'tart'], total: 4 })
})

test('[TB45] a table that is not defined is a typed error', async () => {
  const nowhere = createSurrealDatabase({ tables: { nowhere: product }, remote: client }).master('nowhere')
  await expect(nowhere.list({})).rejects.toMatchObject({ code: 'table/missing-table' })
  const changes = nowhere.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
  await expect(changes.next()).rejects.toMatchObject({ code: 'table/missing-table' })
})

test('[TB11] [TB49] a write that was taken has no second effect, whatever came between', async () => {
  const ours = { opId: 'ours', expect: { name: 'Time Tart' } }
  const set = { name: 'Ours' }
  await master.patch('tart', { set }, ours)
  // Back to what the guard asks for: without the operation's id it would be taken again.
  await master.patch('tart', { set: { name: 'Time Tart' } }, { opId: 'theirs' })
  expect(await master.patch('tart', { set }, ours)).toEqual({ kind: 'stored' })
  expect((await master.get(['tart']))[0]?.[1]).toMatchObject({ name: 'Time Tart' })
  await master.delete('tart', { opId: 'gone' })
  expect(await master.insert('tart', { name: 'Time Tart', price: 1 }, { opId: '1' })).toEqual({
    kind: 'stored',
  })
  expect(await master.patch('tart', { set }, ours)).toEqual({ kind: 'stored' })
  expect(await master.get(['tart'])).toEqual([])
  await master.insert('tart', { name: 'Theirs', price: 1 }, { opId: 'made again' })
  expect(await master.delete('tart', { opId: 'gone' })).toEqual({ kind: 'deleted' })
  expect(await master.replace('tart', { name: 'Ours', price: 9 }, { opId: 'ours' })).toEqual({
    kind: 'stored',
  })
  expect((await master.get(['tart']))[0]?.[1]).toMatchObject({ name: 'Theirs' })
})

test('[TB49] what had no effect is no operation that was taken', async () => {
  const refused = { opId: 'refused' }
  await expect(master.patch('tart', { set: { price: decimal('-5') } }, refused)).rejects.toMatchObject({
    code: 'table/rejected',
  })
  expect(await master.patch('tart', { set: { price: decimal('5') } }, refused)).toMatchObject({
    row: { name: 'Time Tart' },
  })
  const guarded = { opId: 'guarded', expect: { name: 'Other' } }
  expect(await master.patch('tart', { set: { name: 'Mine' } }, guarded)).toMatchObject({ kind: 'conflict' })
  await master.patch('tart', { set: { name: 'Other' } }, { opId: 'theirs' })
  expect(await master.patch('tart', { set: { name: 'Mine' } }, guarded)).toMatchObject({
    row: { name: 'Mine' },
  })
})

test('[TB49] the same operation sent twice at once has one effect', async () => {
  const answers = await Promise.all(
    [1, 2, 3].map(() => master.insert('pie', { name: 'Sea Pie', price: 1 }, { opId: 'pie' })),
  )
  expect(answers.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'stored'])
  const [notes] = await client.query('SELECT VALUE id FROM freshet_operation:pie').collect()
  expect(notes).toHaveLength(1)
})

test('[TB49] a user who may define no table writes without a note, and the guard alone decides', async () => {
  await client.query(`
    DEFINE TABLE OVERWRITE product SCHEMALESS PERMISSIONS FULL;
    DEFINE TABLE person SCHEMALESS;
    DEFINE ACCESS visitor ON DATABASE TYPE RECORD SIGNUP (CREATE person);
  `)
  await client.signup({ namespace: 'test', database: 'test', access: 'visitor', variables: {} })
  const theirs = createSurrealDatabase({ tables: { product }, remote: client }).master('product')
  const ours = { opId: 'ours', expect: { name: 'Time Tart' } }
  const set = { name: 'Ours' }
  expect(await theirs.patch('tart', { set }, ours)).toMatchObject({ kind: 'stored', row: { name: 'Ours' } })
  expect(await theirs.patch('tart', { set }, ours)).toMatchObject({ kind: 'conflict' })
})
