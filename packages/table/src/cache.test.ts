import { expect, test } from 'vitest'
import { idCacheKey, NoCache, pageCacheKey, type Cache } from './cache.ts'
import { MemCache } from './mem-cache.ts'
import { openLiveTable } from './live-table.ts'
import { cacheContract } from './testing/cache-contract.ts'
import { liveFixture } from './testing/live-fixture.ts'

cacheContract('MemCache', async () => {
  const cache = MemCache.create()
  // Closing lets go of what is open; what it keeps is kept as long as the object.
  return { cache, reopen: async () => cache }
})

test('[LT15] NoCache: get always returns none', async () => {
  expect(await NoCache.get('anything')).toBeUndefined()
})

test('[LT15] NoCache: put is a no-op', async () => {
  await NoCache.put('k', { rows: new Map([['id1', { name: 'Alice' }]]), fetchedAtUnixMs: 1 })
  expect(await NoCache.get('k')).toBeUndefined()
})

test('[LT15] NoCache: invalidate prefix succeeds', async () => {
  await expect(NoCache.invalidatePrefix('anything')).resolves.toBeUndefined()
})

test('[LT15] a cache can be used through its interface', async () => {
  const caches: readonly Cache[] = [MemCache.create(), NoCache]
  const found = await Promise.all(
    caches.map(async (cache) => {
      await cache.put('k', { rows: new Map([['id1', { name: 'Alice' }]]), fetchedAtUnixMs: 1 })
      return (await cache.get('k')) !== undefined
    }),
  )
  expect(found).toEqual([true, false])
})

test('[LT15] a cache key with a slash is one segment, and never reaches another table', async () => {
  expect(pageCacheKey('tenant/clients', 1)).toBe('tenant%2Fclients/page_1')
  expect(idCacheKey('clients', 'a/b')).toBe('clients/id/a%2Fb')
  const { master, time } = await liveFixture()
  const cache = MemCache.create(time)
  await cache.put('tenant/page_1', { rows: new Map(), fetchedAtUnixMs: 1 })
  const table = await openLiveTable(master, { cacheKey: 'tenant/clients', cache, ...time })
  await table.listValues()
  await cache.invalidatePrefix('tenant')
  expect(await cache.get(table.pageCacheKey(1))).toBeDefined()
  expect(await cache.get('tenant/page_1')).toBeUndefined()
})

test('[LT15] rows that someone put are what an open table reads', async () => {
  const { master, faulty, time } = await liveFixture()
  const cache = MemCache.create(time)
  const table = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  await table.getValue('a')
  await cache.put(table.pageCacheKey(1), {
    rows: new Map([['a', { id: 'a', name: 'Planted' }]]),
    fetchedAtUnixMs: 1,
  })
  expect([...(await table.listValues()).values()]).toEqual([{ id: 'a', name: 'Planted' }])
  expect(faulty.requests.list).toBe(0)
  await cache.invalidatePrefix('products')
  expect((await table.listValues()).size).toBe(3)
})

test('[LT15] two open tables cannot share a cache key', async () => {
  const { master, time } = await liveFixture()
  const cache = MemCache.create(time)
  const first = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  await expect(openLiveTable(master, { cacheKey: 'products', cache, ...time })).rejects.toMatchObject({
    code: 'table/cache-key-busy',
  })
  await first.close()
  const second = await openLiveTable(master, { cacheKey: 'products', cache, ...time })
  await second.close()
})
