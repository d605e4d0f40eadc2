import { expect, test } from 'vitest'
import { createLiveTable, openLiveTable } from './live-table.ts'
import { MemCache } from './mem-cache.ts'
import { liveFixture, theirs } from './testing/live-fixture.ts'

async function cachedTable() {
  const fixture = await liveFixture()
  const cache = MemCache.create(fixture.time)
  // As in the predecessor: a write makes everything be read again.
  const options = { cacheKey: 'products', cache, invalidation: 'prefix', ...fixture.time } as const
  return { ...fixture, cache, table: await openLiveTable(fixture.master, options) }
}

test('[LT10] insert value lands on the master and invalidates the cache', async () => {
  const { table, cache, remote } = await cachedTable()
  await table.listValues()
  expect(await cache.get(table.pageCacheKey(1))).toBeDefined()
  await table.insertValue('d', { name: 'Delta', price: 40 })
  expect(await cache.get(table.pageCacheKey(1))).toBeUndefined()
  expect(await remote.count()).toBe(4)
  expect((await table.listValues()).size).toBe(4)
})

test('[LT8] replace value updates the master', async () => {
  const { live, remote } = await liveFixture()
  const table = live()
  expect(await table.replaceValue('a', { name: 'Alpha2', price: 99 })).toEqual({
    id: 'a',
    name: 'Alpha2',
    price: 99,
  })
  expect(await table.getValue('a')).toEqual({ id: 'a', name: 'Alpha2', price: 99 })
  expect((await remote.get(['a']))[0]?.[1]).toEqual({ id: 'a', name: 'Alpha2', price: 99 })
})

test('[LT8] patch value merges fields', async () => {
  const { live } = await liveFixture()
  const table = live()
  await table.patchValue('a', { price: 123 })
  expect(await table.getValue('a')).toEqual({ id: 'a', name: 'Alpha', price: 123 })
})

test('[LT8] delete removes from the master', async () => {
  const { live, remote } = await liveFixture()
  const table = live()
  await table.delete('a')
  expect(await table.getValue('a')).toBeUndefined()
  expect((await table.listValues()).size).toBe(2)
  expect(await remote.count()).toBe(2)
})

test('[LT8] delete all drops every row', async () => {
  const { live, remote } = await liveFixture()
  const table = live()
  await table.listValues()
  await table.deleteAll()
  expect((await table.listValues()).size).toBe(0)
  expect(await remote.count()).toBe(0)
})

test('[LT8] delete all under a condition touches only its rows', async () => {
  const { live, remote } = await liveFixture()
  const table = live()
  await table.listValues()
  await table.withFilter({ op: 'gt', field: 'price', value: 15 }).deleteAll()
  expect([...(await table.listValues()).keys()]).toEqual(['a'])
  expect(await remote.count()).toBe(1)
})

test('[LT10] the cache is invalidated for the id slot too', async () => {
  const { table, cache } = await cachedTable()
  await table.listValues()
  await table.getValue('a')
  expect(await cache.get(table.pageCacheKey(1))).toBeDefined()
  expect(await cache.get(table.idCacheKey('a'))).toBeDefined()
  await table.insertValue('e', { name: 'Epsilon', price: 50 })
  expect(await cache.get(table.pageCacheKey(1))).toBeUndefined()
  expect(await cache.get(table.idCacheKey('a'))).toBeUndefined()
})

test('[LT9] a failed write does not invalidate', async () => {
  const { table, cache } = await cachedTable()
  await table.listValues()
  await expect(table.patchValue('missing', { price: 1 })).rejects.toMatchObject({ code: 'table/not-found' })
  expect(await cache.get(table.pageCacheKey(1))).toBeDefined()
  expect(table.outbox.queued()).toEqual([])
  expect(table.get('missing')).toBeUndefined()
})

test('[LT8] a write shows at once, as pending, in rows and lists, and is confirmed', async () => {
  const { live, faulty, clock } = await liveFixture()
  const table = live()
  await table.listValues()
  const held = faulty.holdReply('patch')
  const write = table.patch('b', { set: { price: 1 } })
  expect(table.get('b')).toMatchObject({ price: 1 })
  expect(table.meta('b')).toMatchObject({ pending: true })
  expect(await table.list({}, { mode: 'cache-only' })).toMatchObject({ pending: true })
  await held.answered
  held.release()
  expect(await write).toMatchObject({ kind: 'stored', id: 'b', row: { name: 'Beta', price: 1 } })
  await clock.settle()
  expect(table.meta('b')).toMatchObject({ pending: false })
})

test('[LT8] an insert enters the lists it belongs to without another read', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  const cheap = table.withFilter({ op: 'lt', field: 'price', value: 15 })
  await table.listValues()
  await cheap.listValues()
  await table.insertValue('aa', { name: 'Middle', price: 12 })
  await table.insertValue('ab', { name: 'Dear', price: 120 })
  expect([...(await table.listValues()).keys()]).toEqual(['a', 'aa', 'ab', 'b', 'c'])
  expect([...(await cheap.listValues()).keys()]).toEqual(['a', 'aa'])
  expect(faulty.requests.list).toBe(2)
})

test('[LT9] a refused write is taken back and leaves what others wrote meanwhile', async () => {
  const { live, faulty, remote, clock } = await liveFixture()
  const table = live()
  await table.listValues()
  const held = faulty.holdReply('patch')
  const write = table.patch('b', { set: { price: 1 } }, { expect: { price: 999 } })
  await held.answered
  await remote.patch('b', { set: { name: 'Beta2' } }, theirs())
  await clock.settle()
  expect(table.get('b')).toMatchObject({ name: 'Beta2', price: 1 })
  held.release()
  expect(await write).toMatchObject({ kind: 'conflict', row: { price: 20 } })
  await clock.settle()
  expect(table.get('b')).toEqual({ id: 'b', name: 'Beta2', price: 20 })
})

test('[LT11] a write whose answer was lost is verified by reading, not repeated', async () => {
  const { live, faulty, clock, remote } = await liveFixture()
  const table = live({ offlineWrites: true })
  await table.listValues()
  faulty.loseReply('patch')
  const write = table.patch('b', { set: { price: 1 } })
  await clock.advance(1_000)
  expect(await write).toMatchObject({ kind: 'stored', row: { price: 1 } })
  expect(faulty.requests.patch).toBe(1)
  expect((await remote.get(['b']))[0]?.[1]).toMatchObject({ price: 1 })
})

test('[LT11] an id made by the backend is asked for once, and a lost answer is reported', async () => {
  const { live, faulty, clock } = await liveFixture()
  const table = live({ offlineWrites: true })
  expect(await table.insertReturnIdValue({ name: 'New', price: 5 })).toMatch(/^[0-9a-f-]{36}$/)
  faulty.loseReply('insertReturnId')
  const lost = table.insertReturnIdValue({ name: 'Lost', price: 6 }).catch((error: unknown) => error)
  await clock.advance(10_000)
  expect(await lost).toMatchObject({ code: 'outbox/unknown-outcome' })
  expect(faulty.requests.insertReturnId).toBe(2)
})

test('[LT12] a hundred writers at once each get their own reply, in order', async () => {
  const { live, remote } = await liveFixture()
  const table = live({ writeCapacity: 8 })
  const order: string[] = []
  const replies = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const row = await table.insertValue(`w${index}`, { name: `Writer ${index}`, price: index })
      order.push(`w${index}`)
      return row
    }),
  )
  expect(replies.map((row) => row['price'])).toEqual(Array.from({ length: 100 }, (_, index) => index))
  expect(order).toEqual(Array.from({ length: 100 }, (_, index) => `w${index}`))
  expect(await remote.count()).toBe(103)
})

test('[LT12] a full queue makes writers wait', async () => {
  const { live, faulty } = await liveFixture()
  const table = live({ writeCapacity: 2 })
  const held = faulty.holdReply('insert')
  const writes = Array.from({ length: 5 }, (_, index) => table.insert(`w${index}`, { price: index }))
  await held.answered
  expect(table.outbox.queued().length).toBe(2)
  held.release()
  await Promise.all(writes)
  expect(faulty.requests.insert).toBe(5)
})

test('[LT13] close sends what was accepted, then rejects', async () => {
  const { live, remote } = await liveFixture()
  const table = live()
  const write = table.insert('d', { name: 'Delta', price: 40 })
  const closing = table.close()
  await expect(table.insert('e', { name: 'Late', price: 1 })).rejects.toMatchObject({
    code: 'table/queue-closed',
  })
  expect(await write).toMatchObject({ kind: 'stored' })
  await closing
  expect(await remote.count()).toBe(4)
  await expect(table.listValues()).rejects.toMatchObject({ code: 'table/closed' })
  await table.close()
})

test('[LT14] writes go to the custom target, reads stay on the master', async () => {
  const { database, live, remote } = await liveFixture()
  const submissions = database.master('bakery')
  const table = live({ customWriteTarget: submissions })
  await table.listValues()
  const stored = await table.insertValue('d', { name: 'For review' })
  expect(stored).toMatchObject({ id: 'd', name: 'For review' })
  expect(await submissions.count()).toBe(2)
  expect(await remote.count()).toBe(3)
  expect((await table.listValues()).size).toBe(3)
  expect(table.get('d')).toBeUndefined()
})

test('[LT14] a custom target leaves the cache, unless asked otherwise', async () => {
  const { database, live, faulty } = await liveFixture()
  const customWriteTarget = database.master('bakery')
  for (const invalidateOnCustomWrite of [false, true]) {
    const table = live({ customWriteTarget, invalidateOnCustomWrite })
    await table.listValues()
    const before = faulty.requests.list
    await table.insertValue(`d${String(invalidateOnCustomWrite)}`, { name: 'For review' })
    await table.listValues()
    expect(faulty.requests.list - before).toBe(invalidateOnCustomWrite ? 1 : 0)
  }
})

test('[LT8] a local wait resolves when the write is noted', async () => {
  const { live, faulty, clock } = await liveFixture()
  const table = live()
  const held = faulty.holdReply('insert')
  const result = await table.insert('d', { name: 'Delta', price: 40 }, { wait: 'local' })
  expect(result).toMatchObject({ kind: 'queued' })
  expect(table.get('d')).toMatchObject({ name: 'Delta' })
  held.release()
  await clock.settle()
  expect(table.meta('d')).toMatchObject({ pending: false })
})

test('[LT9] a write to a master out of reach fails where nothing keeps it', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  await table.listValues()
  faulty.setOutage(true)
  await expect(table.patch('a', { set: { price: 5 } })).rejects.toMatchObject({
    code: 'table/unreachable',
    kind: 'remote',
  })
  expect(table.get('a')).toMatchObject({ price: 10 })
})

test('[LT8] a write acknowledged without its row stays in view until the row is read', async () => {
  const { master, clock, time, faulty } = await liveFixture()
  const mute = {
    ...master,
    insert: async (...args: Parameters<typeof master.insert>) => {
      await master.insert(...args)
      return { kind: 'stored' as const }
    },
    watch: ({ signal }: Parameters<typeof master.watch>[0]) => neverChanging(signal),
  }
  const table = createLiveTable(mute, time)
  const view = table.view({})
  await clock.settle()
  const held = faulty.holdReply('get')
  await table.insert('d', { name: 'Delta', price: 40 })
  expect(view.snapshot().ids).toEqual(['a', 'b', 'c', 'd'])
  held.release()
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['a', 'b', 'c', 'd'])
  expect(table.meta('d')).toMatchObject({ pending: false })
})

/** A watch that stands and tells nothing. */
async function* neverChanging(signal: AbortSignal): AsyncGenerator<{ readonly kind: 'live' }> {
  yield { kind: 'live' }
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}
