import { FreshetError } from '@freshet/core'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { failingStore } from '@freshet/storage/testing'
import { expect, test } from 'vitest'
import { createManualLiveStream } from './live-stream.ts'
import { openLiveTable } from './live-table.ts'
import { MemCache } from './mem-cache.ts'
import { pagination } from './pagination.ts'
import { liveFixture, theirs } from './testing/live-fixture.ts'

// One test for each defect of the predecessor; its number is in the title.

test('[LT7] defect 1: a slow read does not bring back what a write has replaced', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  await table.getValue('b')
  const held = faulty.holdReply('list')
  const slow = table.listValues()
  await held.answered
  await table.replaceValue('a', { name: 'Alpha2', price: 11 })
  held.release()
  await slow
  expect((await table.listValues()).get('a')).toMatchObject({ name: 'Alpha2' })
})

test('[LT8] defect 2: a writer reads its own write, as soon as it has the reply', async () => {
  for (const invalidation of ['rows', 'prefix'] as const) {
    const { live } = await liveFixture()
    const table = live({ invalidation })
    await table.listValues()
    const seen = table.insertValue('d', { name: 'Delta', price: 40 }).then(() => table.listValues())
    expect((await seen).get('d')).toMatchObject({ name: 'Delta' })
  }
})

test('[LT4] defect 3: order, condition and page size are part of what a page is', async () => {
  const { live } = await liveFixture()
  const table = live()
  table.setPagination(pagination(1, 2))
  const page = async (query: object): Promise<string> =>
    [...(await table.list({ limit: 2, ...query })).rows.keys()].join()
  expect(await page({})).toBe('a,b')
  expect(await page({ order: [{ field: 'price', direction: 'desc' }] })).toBe('c,b')
  expect(await page({ filter: { op: 'gt', field: 'price', value: 15 } })).toBe('b,c')
  expect(await page({ filter: { op: 'eq', field: 'price', value: 'none' } })).toBe('')
  expect(await page({ limit: 1 })).toBe('a')
})

test('[LT15] defect 4: invalidating one table never touches another whose name begins alike', async () => {
  const { database, time } = await liveFixture()
  const cache = MemCache.create(time)
  const client = await openLiveTable(database.master('client'), { cacheKey: 'client', cache, ...time })
  const clients = await openLiveTable(database.master('product'), { cacheKey: 'clients', cache, ...time })
  await client.listValues()
  await clients.listValues()
  await cache.invalidatePrefix('client')
  expect(await cache.get(client.pageCacheKey(1))).toBeUndefined()
  expect(await cache.get(clients.pageCacheKey(1))).toBeDefined()
})

test('[LT15] defect 5: a slash in a cache key invalidates that table', async () => {
  const { master, time } = await liveFixture()
  const cache = MemCache.create(time)
  const table = await openLiveTable(master, {
    cacheKey: 'tenant/clients',
    cache,
    invalidation: 'prefix',
    ...time,
  })
  await table.listValues()
  await table.insertValue('d', { name: 'Delta', price: 40 })
  expect(await cache.get(table.pageCacheKey(1))).toBeUndefined()
  expect((await table.listValues()).size).toBe(4)
})

test('[LT20] defect 6: a broken cache breaks neither a read nor the next', async () => {
  const { master, time } = await liveFixture()
  const broken = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'The disk is full.' })
  const disk = createMemoryDisk()
  const failures: FreshetError[] = []
  const table = await openLiveTable(master, {
    store: async (tables) => failingStore(await openMemoryStore({ tables, disk }), () => failures[0]),
    ...time,
  })
  failures.push(broken)
  expect((await table.listValues()).size).toBe(3)
  expect((await table.listValues()).size).toBe(3)
  expect(await table.getValue('a')).toBeDefined()
})

test('[LT12] defect 7: a write that blows up rejects itself, and the queue goes on', async () => {
  const { database, live } = await liveFixture()
  const inner = database.master('product')
  const table = live({
    customWriteTarget: {
      ...inner,
      insert(id, row, options) {
        if (id === 'bad') throw new TypeError('a driver that throws')
        return inner.insert(id, row, options)
      },
    },
  })
  const bad = table.insert('bad', { price: 1 })
  const good = table.insert('good', { price: 2 })
  await expect(bad).rejects.toThrow('a driver that throws')
  expect(await good).toMatchObject({ kind: 'stored', id: 'good' })
})

test('[LT11] defect 8: the backend makes ids where it is asked to', async () => {
  const { live, remote } = await liveFixture()
  const table = live()
  await table.listValues()
  const id = await table.insertReturnIdValue({ name: 'Delta', price: 40 })
  expect((await remote.get([id]))[0]?.[1]).toMatchObject({ name: 'Delta' })
  expect((await table.listValues()).get(id)).toMatchObject({ name: 'Delta' })
})

test('[LT19] defect 9: the end of a stream is a gap, not the end of freshness', async () => {
  const { live, remote, clock } = await liveFixture()
  const liveStream = createManualLiveStream()
  const table = live({ liveStream })
  await table.listValues()
  liveStream.cut()
  await remote.patch('a', { set: { price: 11 } }, theirs())
  await clock.advance(1_000)
  expect((await table.listValues()).get('a')).toMatchObject({ price: 11 })
})

test('[LT14] defect 10: all handles of a table write to the same target', async () => {
  const { database, live } = await liveFixture()
  const target = database.master('bakery')
  const table = live({ customWriteTarget: target })
  const child = table.withFilter({ op: 'gt', field: 'price', value: 15 })
  await table.insertValue('one', { name: 'One' })
  await child.insertValue('two', { name: 'Two' })
  expect(await target.count()).toBe(3)
})

test('[LT6] defect 11: concurrent misses are one read of the master', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  await Promise.all(Array.from({ length: 50 }, () => table.listValues()))
  expect(faulty.requests.list).toBe(1)
  expect(table.stats).toMatchObject({ fetches: 1, coalesced: 49, repeats: 0, redundantRows: 0 })
})

test('[LT18] defect 12: whoever shows the table is told of changes', async () => {
  const { live, remote, clock } = await liveFixture()
  const table = live()
  const view = table.view({})
  const told: number[] = []
  view.subscribe(({ rows }) => told.push(rows.length))
  await clock.settle()
  await remote.insert('d', { name: 'Delta', price: 40 }, theirs())
  await clock.settle()
  expect(told).toEqual([3, 4])
})

test('[LT24] defect 13: a condition is cached like any other query', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  table.addConditionEq('name', 'Alpha')
  expect([...(await table.listValues()).keys()]).toEqual(['a'])
  expect([...(await table.listValues()).keys()]).toEqual(['a'])
  expect(faulty.requests.list).toBe(1)
})
