import { expect, test } from 'vitest'
import { createManualLiveStream, type LiveEvent, type LiveStream } from './live-stream.ts'
import { openLiveTable } from './live-table.ts'
import { MemCache } from './mem-cache.ts'
import { liveFixture, theirs } from './testing/live-fixture.ts'

function subscribed(stream: LiveStream, signal = new AbortController().signal): AsyncIterator<LiveEvent> {
  return stream.subscribe(signal)[Symbol.asyncIterator]()
}

test('[LT16] a manual stream pushes an event to its subscriber', async () => {
  const stream = createManualLiveStream()
  const events = subscribed(stream)
  stream.push({ kind: 'changed' })
  expect(await events.next()).toEqual({ done: false, value: { kind: 'changed' } })
})

test('[LT16] a manual stream carries the events with an id', async () => {
  const stream = createManualLiveStream()
  const events = subscribed(stream)
  const pushed: readonly LiveEvent[] = [
    { kind: 'inserted', id: 'marty' },
    { kind: 'updated', id: 'doc' },
    { kind: 'deleted', id: 'biff' },
  ]
  for (const event of pushed) stream.push(event)
  expect(
    [await events.next(), await events.next(), await events.next()].map(({ value }) => value as unknown),
  ).toEqual(pushed)
})

test('[LT16] each of several subscribers sees the event', async () => {
  const stream = createManualLiveStream()
  const [a, b] = [subscribed(stream), subscribed(stream)]
  expect(stream.push({ kind: 'changed' })).toBe(2)
  expect((await a.next()).value).toEqual({ kind: 'changed' })
  expect((await b.next()).value).toEqual({ kind: 'changed' })
})

test('[LT16] a push with no subscribers reaches nobody', () => {
  expect(createManualLiveStream().push({ kind: 'changed' })).toBe(0)
})

test('[LT16] a stream can be used through its interface, and ends with its signal', async () => {
  const stop = new AbortController()
  const stream: LiveStream = createManualLiveStream()
  const events = subscribed(stream, stop.signal)
  const next = events.next()
  stop.abort()
  expect(await next).toEqual({ done: true, value: undefined })
})

async function streamedTable() {
  const fixture = await liveFixture()
  const cache = MemCache.create(fixture.time)
  const liveStream = createManualLiveStream()
  const options = {
    cacheKey: 'products',
    cache,
    liveStream,
    invalidation: 'prefix',
    ...fixture.time,
  } as const
  const table = await openLiveTable(fixture.master, options)
  return { ...fixture, cache, liveStream, table }
}

test('[LT16] a changed event invalidates the cache', async () => {
  const { table, cache, liveStream, clock } = await streamedTable()
  await table.listValues()
  expect(await cache.get(table.pageCacheKey(1))).toBeDefined()
  expect(liveStream.push({ kind: 'changed' })).toBe(1)
  await clock.settle()
  expect(await cache.get(table.pageCacheKey(1))).toBeUndefined()
})

test('[LT16] an event with an id also invalidates, page and row, where the prefix is invalidated', async () => {
  const { table, cache, liveStream, clock } = await streamedTable()
  await table.listValues()
  await table.getValue('a')
  liveStream.push({ kind: 'updated', id: 'a' })
  await clock.settle()
  expect(await cache.get(table.pageCacheKey(1))).toBeUndefined()
  expect(await cache.get(table.idCacheKey('a'))).toBeUndefined()
})

test('[LT16] an event with an id reads that row again, and lists follow', async () => {
  const { live, remote, faulty, clock } = await liveFixture()
  const liveStream = createManualLiveStream()
  const table = live({ liveStream })
  const view = table.view({})
  await clock.settle()
  await remote.patch('b', { set: { price: 21 } }, theirs())
  await remote.insert('d', { name: 'Delta', price: 40 }, theirs())
  await clock.settle()
  expect(table.get('b')).toMatchObject({ price: 20 })
  liveStream.push({ kind: 'updated', id: 'b' })
  liveStream.push({ kind: 'inserted', id: 'd' })
  await clock.settle()
  expect(view.snapshot().rows.map((row) => row['price'])).toEqual([10, 21, 30, 40])
  await remote.delete('a', theirs())
  liveStream.push({ kind: 'deleted', id: 'a' })
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['b', 'c', 'd'])
  expect(faulty.requests.page).toBe(0)
})

test('[LT19] a stream that ends is subscribed again, and what was missed is read', async () => {
  const { live, remote, clock } = await liveFixture()
  const liveStream = createManualLiveStream()
  const table = live({ liveStream })
  const view = table.view({})
  await clock.settle()
  liveStream.cut()
  await clock.settle()
  expect(table.status.get().freshness.staleSinceUnixMs).toBeDefined()
  await remote.insert('d', { name: 'Missed', price: 40 }, theirs())
  await clock.advance(1_000)
  expect(table.status.get().state).toBe('live')
  expect(view.snapshot().ids).toEqual(['a', 'b', 'c', 'd'])
  expect(liveStream.push({ kind: 'changed' })).toBe(1)
})
