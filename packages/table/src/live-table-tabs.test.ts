import { createBrowserTabs } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { openLiveTable } from './live-table.ts'
import { liveFixture } from './testing/live-fixture.ts'

async function twoTabs() {
  const fixture = await liveFixture()
  const disk = createMemoryDisk()
  const browser = createBrowserTabs()
  const open = async () => {
    const tab = browser.openTab()
    const store = (tables: Parameters<typeof openMemoryStore>[0]['tables']) =>
      openMemoryStore({ tables, disk })
    const options = { cacheKey: 'products', preload: true, store, tabs: tab, ...fixture.time }
    return { tab, table: await openLiveTable(fixture.master, options) }
  }
  const [first, second] = [await open(), await open()]
  await fixture.clock.advance(100)
  return { ...fixture, first, second, third: open }
}

test('[LT29] one tab talks to the master, the other shows what it commits and hands it its writes', async () => {
  const { first, second, clock, remote } = await twoTabs()
  expect([first, second].map(({ table }) => table.status.get().role)).toEqual(['leader', 'follower'])
  expect(second.table.status.get().state).toBe('live')
  expect(second.table.get('a')).toEqual({ id: 'a', name: 'Alpha', price: 10 })

  const written = second.table.patch('a', { set: { price: 11 } })
  expect(second.table.get('a')).toMatchObject({ price: 11 })
  await clock.advance(100)
  expect(await written).toMatchObject({ kind: 'stored', id: 'a' })
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ price: 11 })
  expect(first.table.get('a')).toMatchObject({ price: 11 })
  expect(second.table.meta('a')?.pending).toBe(false)
})

test('[LT29] a refused write of a follower is undone there, with the reason', async () => {
  const { second, clock } = await twoTabs()
  const written = second.table.patch('missing', { set: { price: 11 } })
  const [outcome] = await Promise.all([written.catch((error: unknown) => error), clock.advance(100)])
  expect(outcome).toMatchObject({ code: 'table/not-found' })
})

test('[LT29] a write that waits behind another tab’s conflict says so in its own tab, and can go on from there', async () => {
  const { first, second, faulty, clock, remote } = await twoTabs()
  faulty.setOutage(true)
  await first.table.patch('a', { set: { price: 11 } }, { expect: { price: 10 }, wait: 'local' })
  await clock.advance(1_000)
  await remote.patch('a', { set: { price: 99 } }, { opId: 'theirs' })
  faulty.setOutage(false)
  const state = () => second.table.outbox.queued().map((each) => each.state)
  await second.table.patch('a', { set: { name: 'Other' } }, { wait: 'local' })
  // No waiting for the next attempt.
  const [head] = first.table.outbox.queued()
  expect(await second.table.outbox.retry(second.table.outbox.queued()[0]?.operation.operationId ?? '')).toBe(
    true,
  )
  await clock.settle()
  expect(first.table.outbox.queued()).toMatchObject([{ state: 'failed' }, { state: 'parked' }])
  expect(state()).toEqual(['parked'])
  expect(await first.table.outbox.discard(head?.operation.operationId ?? '')).toBe(true)
  await clock.advance(1_000)
  expect(state()).toEqual([])
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ price: 99, name: 'Other' })
})

test('[LT29] when the leading tab dies the other goes on, and nothing is lost', async () => {
  const { first, second, clock, remote } = await twoTabs()
  first.tab.crash()
  await remote.patch('b', { set: { price: 21 } }, { opId: 'theirs' })
  for (let turn = 0; turn < 5; turn++) await clock.advance(200)
  expect(second.table.status.get()).toMatchObject({ role: 'leader', state: 'live' })
  expect(second.table.get('b')).toMatchObject({ price: 21 })
})

test('[LT29] a write that a tab noted and could not tell of is sent when the next tab says hello', async () => {
  const { first, second, third, clock, remote } = await twoTabs()
  void second.table.insert('d', { name: 'Delta', price: 40 }).catch(() => {})
  second.tab.crash()
  await clock.advance(100)
  expect(await remote.count()).toBe(3)
  await third()
  await clock.advance(100)
  expect(await remote.count()).toBe(4)
  expect(first.table.get('d')).toMatchObject({ name: 'Delta' })
})

test('[LT29] a following tab takes rows from the leader alone, also when it asks the master', async () => {
  const { second, clock, remote, faulty } = await twoTabs()
  faulty.setOutage(true)
  await clock.advance(10)
  await remote.insert('d', { name: 'Delta', price: 40 }, { opId: 'theirs' })
  faulty.setOutage(false)
  await second.table.list({ limit: 10 }, { mode: 'network' })
  expect(second.table.collection.get('d')).toBeUndefined()
  await remote.delete('d', { opId: 'theirs again' })
  await clock.advance(60_000)
  expect([...second.table.collection.ids()].toSorted()).toEqual(['a', 'b', 'c'])
})

test('[LT29] tabs share only tables that are held whole', async () => {
  const { master, time } = await liveFixture()
  const tabs = createBrowserTabs().openTab()
  await expect(openLiveTable(master, { tabs, ...time })).rejects.toMatchObject({
    code: 'table/tabs-need-preload',
  })
})
