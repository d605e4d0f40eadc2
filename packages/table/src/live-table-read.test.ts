import type { Query } from '@freshet/core'
import { expect, test } from 'vitest'
import { NoCache } from './cache.ts'
import type { ReadMode } from './live-reads.ts'
import { openLiveTable } from './live-table.ts'
import { MemCache } from './mem-cache.ts'
import { pagination } from './pagination.ts'
import { liveFixture, theirs } from './testing/live-fixture.ts'

test('[LT1] list values: a cache miss, then a hit', async () => {
  const { master, faulty, time } = await liveFixture()
  const cache = MemCache.create(time)
  const live = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  const first = await live.listValues()
  expect([...first.keys()]).toEqual(['a', 'b', 'c'])
  expect((await cache.get(live.pageCacheKey(1)))?.rows.size).toBe(3)
  const second = await live.listValues()
  expect([...second]).toEqual([...first])
  expect(faulty.requests.list).toBe(1)
})

test('[LT1] a cached list is served while the master is stopped, and says that it is stale', async () => {
  const { live, faulty, clock } = await liveFixture()
  const table = live()
  expect(await table.list()).toMatchObject({ source: 'remote', stale: false })
  expect(await table.list()).toMatchObject({ source: 'cache', stale: false })
  faulty.setOutage(true)
  await clock.advance(10)
  const read = await table.list()
  expect([...read.rows.keys()]).toEqual(['a', 'b', 'c'])
  expect(read).toMatchObject({ source: 'cache', stale: true })
})

test('[LT2] list values with no cache passes through', async () => {
  const { master, faulty, time } = await liveFixture()
  const live = await openLiveTable(master, { cacheKey: 'products', cache: NoCache, ...time })
  expect((await live.listValues()).size).toBe(3)
  expect((await live.listValues()).size).toBe(3)
  expect(faulty.requests.list).toBe(2)
})

test('[LT1] get value caches per id', async () => {
  const { master, faulty, time } = await liveFixture()
  const cache = MemCache.create(time)
  const live = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  expect(await live.getValue('a')).toMatchObject({ name: 'Alpha' })
  expect(await cache.get(live.idCacheKey('a'))).toBeDefined()
  expect(await cache.get(live.pageCacheKey(1))).toBeUndefined()
  await live.getValue('a')
  expect(faulty.requests.get).toBe(1)
})

test('[LT3] get value of a missing id returns none and does not cache', async () => {
  const { master, faulty, time } = await liveFixture()
  const cache = MemCache.create(time)
  const live = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  expect(await live.getValue('absent')).toBeUndefined()
  expect(await cache.get(live.idCacheKey('absent'))).toBeUndefined()
  await live.getValue('absent')
  expect(faulty.requests.get).toBe(2)
})

test('[LT4] pagination: distinct pages are cached separately', async () => {
  const { master, faulty, time } = await liveFixture()
  const cache = MemCache.create(time)
  const live = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  live.setPagination(pagination(1, 2))
  const first = await live.listValues()
  live.setPagination(pagination(2, 2))
  const second = await live.listValues()
  expect(await cache.get(live.pageCacheKey(1))).toBeDefined()
  expect(await cache.get(live.pageCacheKey(2))).toBeDefined()
  expect(first.size + second.size).toBe(3)
  live.setPagination(pagination(1, 2))
  await live.listValues()
  expect(faulty.requests.list).toBe(2)
})

test('[LT4] a page is not served for another page size', async () => {
  const { live } = await liveFixture()
  const table = live({ masterIpp: 50 })
  table.setPagination(pagination(1, 1))
  expect([...(await table.listValues()).keys()]).toEqual(['a'])
  table.setPagination(pagination(1, 2))
  expect([...(await table.listValues()).keys()]).toEqual(['a', 'b'])
  expect(table.masterIpp).toBe(50)
})

test('[LT5] each mode answers from where it says', async () => {
  const { live, faulty, clock, remote } = await liveFixture()
  const table = live()
  await expect(table.list({}, { mode: 'cache-only' })).rejects.toMatchObject({ code: 'table/not-cached' })
  expect(await table.list({}, { mode: 'stale-while-revalidate' })).toMatchObject({ source: 'remote' })
  expect(await table.list({}, { mode: 'network' })).toMatchObject({ source: 'remote' })
  expect(await table.list({}, { mode: 'cache-only' })).toMatchObject({ source: 'cache' })
  expect(faulty.requests.list).toBe(2)
  table.invalidate()
  const before = await table.list({}, { mode: 'stale-while-revalidate' })
  expect(before).toMatchObject({ source: 'cache', stale: true })
  await clock.settle()
  expect(faulty.requests.list).toBe(3)
  expect(await table.list({}, { mode: 'cache-only' })).toMatchObject({ stale: false })
  await remote.insert('d', { name: 'Delta', price: 40 }, theirs())
  expect((await table.list({}, { mode: 'network' })).rows.size).toBe(4)
})

test('[LT5] what is no query and no mode is refused, not read as something else', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  await table.listValues()
  const before = faulty.requests.list
  // What a page or a file hands over is not typed.
  const odd = (text: string): Query => JSON.parse(text) as Query
  for (const [text, code] of [
    ['{"limit":-1}', 'query/bad-window'],
    ['{"limit":"5"}', 'query/bad-window'],
    ['{"filter":null}', 'query/bad-filter'],
    ['{"filter":{"op":"and"}}', 'query/bad-filter'],
  ] as const) {
    await expect(table.list(odd(text)), text).rejects.toMatchObject({ code, kind: 'usage' })
  }
  const mode = 'fast' as ReadMode
  await expect(table.list({}, { mode })).rejects.toMatchObject({ code: 'table/bad-mode', kind: 'usage' })
  expect(faulty.requests.list).toBe(before)
})

test('[LT6] equal reads at once are one read of the master', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  const reads = await Promise.all(Array.from({ length: 20 }, () => table.listValues()))
  const rows = await Promise.all(Array.from({ length: 20 }, () => table.getValue('zz')))
  expect(new Set(reads.map((each) => [...each.keys()].join()))).toEqual(new Set(['a,b,c']))
  expect(rows).toEqual(Array.from({ length: 20 }, () => undefined))
  expect(faulty.requests).toMatchObject({ list: 1, get: 1 })
})

test('[LT7] a slow read that an invalidation crossed is not held to be fresh', async () => {
  const { live, faulty, remote } = await liveFixture()
  const table = live()
  await table.getValue('a')
  const held = faulty.holdReply('list')
  const slow = table.listValues()
  await held.answered
  await remote.insert('d', { name: 'Delta', price: 40 }, theirs())
  table.invalidate()
  held.release()
  await slow
  expect([...(await table.listValues()).keys()]).toEqual(['a', 'b', 'c', 'd'])
})

test('[LT7] a page that a change crossed shows the change', async () => {
  const { live, faulty, remote, clock } = await liveFixture()
  const table = live()
  await table.getValue('a')
  const held = faulty.holdReply('list')
  const slow = table.listValues()
  await held.answered
  await remote.delete('b', theirs())
  await remote.insert('bb', { name: 'Between', price: 25 }, theirs())
  await clock.settle()
  held.release()
  expect([...(await slow).keys()]).toEqual(['a', 'bb', 'c'])
  await clock.settle()
  expect([...(await table.listValues()).keys()]).toEqual(['a', 'bb', 'c'])
})
