import { expect, test } from 'vitest'
import { lineLog, type Query, type Row } from '@freshet/core'
import { createLiveTable } from './live-table.ts'
import type { Master } from './master.ts'
import { liveFixture, theirs, type LiveFixture } from './testing/live-fixture.ts'

/** The same master, which says that only it can evaluate filters and orders. */
function opaque(master: Master): Master {
  return { ...master, evaluates: { filter: () => false, order: () => false } }
}

const dearestFirst: Query = { order: [{ field: 'price', direction: 'desc' }] }

function prices(rows: readonly Row[]): unknown[] {
  return rows.map((row) => row['price'])
}

test('[LT18] a view of a whole table is computed here and follows every change', async () => {
  const { live, remote, clock, faulty } = await liveFixture()
  const table = live({ preload: true })
  const view = table.view({ ...dearestFirst, limit: 2 })
  const seen: unknown[][] = []
  view.subscribe(({ rows }) => seen.push(prices(rows)))
  await clock.settle()
  expect(view.snapshot()).toMatchObject({ total: 3, complete: true, ids: ['c', 'b'] })
  await remote.patch('a', { set: { price: 25 } }, theirs())
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['c', 'a'])
  await table.delete('c')
  expect(view.snapshot().ids).toEqual(['a', 'b'])
  expect(seen).toEqual([
    [30, 20],
    [30, 25],
    [25, 20],
  ])
  expect(faulty.requests.list).toBe(0)
})

test('[LT18] a view of a query shows what is known and what changes, and says that it is not all', async () => {
  const { live, remote, clock, faulty } = await liveFixture()
  const table = live()
  const view = table.view({ ...dearestFirst, limit: 2 })
  await clock.settle()
  expect(view.snapshot()).toMatchObject({ total: 3, complete: false, ids: ['c', 'b'] })
  await remote.patch('b', { set: { name: 'Renamed' } }, theirs())
  await clock.settle()
  expect(view.snapshot().rows[1]).toMatchObject({ name: 'Renamed' })
  expect(faulty.requests.list).toBe(1)
  await remote.patch('a', { set: { price: 25 } }, theirs())
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['c', 'a'])
  await remote.delete('c', theirs())
  await clock.settle()
  expect(view.snapshot()).toMatchObject({ total: 2, ids: ['a', 'b'] })
})

test('[LT18] where only the master can evaluate, its order stands and moves mark the range to be read again', async () => {
  const { master, remote, clock, time, faulty } = await liveFixture()
  const table = createLiveTable(opaque(master), time)
  const view = table.view({ ...dearestFirst, filter: { op: 'gt', field: 'price', value: 5 } })
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['c', 'b', 'a'])
  await remote.patch('b', { set: { name: 'Renamed' } }, theirs())
  await clock.settle()
  expect(faulty.requests.list).toBe(1)
  await remote.patch('a', { set: { price: 100 } }, theirs())
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['a', 'c', 'b'])
  await remote.patch('b', { set: { price: 1 } }, theirs())
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['a', 'c'])
  expect(faulty.requests.list).toBe(3)
})

test('[LT18] later pages follow inserts and deletes on the pages before them', async () => {
  const { live, remote, clock } = await liveFixture()
  const table = live()
  const second = table.view({ offset: 1, limit: 1 })
  await clock.settle()
  expect(second.snapshot()).toMatchObject({ ids: ['b'], total: 3 })
  await remote.insert('aa', { name: 'Before', price: 1 }, theirs())
  await clock.settle()
  expect(second.snapshot()).toMatchObject({ ids: ['aa'], total: 4 })
  await remote.delete('a', theirs())
  await clock.settle()
  expect(second.snapshot()).toMatchObject({ ids: ['b'], total: 3 })
})

test('[LT18] unchanged rows and snapshots keep their identity, and listeners run once per batch', async () => {
  const { live, remote, clock } = await liveFixture()
  const table = live()
  const view = table.view({})
  await clock.settle()
  const before = view.snapshot()
  expect(view.snapshot()).toBe(before)
  let calls = 0
  view.subscribe(() => calls++)
  await remote.patch('a', { set: { price: 11 } }, theirs())
  await clock.settle()
  const after = view.snapshot()
  expect(after).not.toBe(before)
  expect(after.rows[1]).toBe(before.rows[1])
  expect(calls).toBe(1)
  view.close()
  await remote.patch('a', { set: { price: 12 } }, theirs())
  await clock.settle()
  expect(view.snapshot()).toBe(after)
})

test('[LT18] pending writes show in every kind of view', async () => {
  const fixture = await liveFixture()
  const tables = [
    fixture.live(),
    fixture.live({ preload: true }),
    createLiveTable(opaque(fixture.master), fixture.time),
  ]
  for (const table of tables) {
    const view = table.view(dearestFirst)
    await fixture.clock.settle()
    const held = fixture.faulty.holdReply('delete')
    const write = table.delete('c')
    expect(view.snapshot().ids).toEqual(['b', 'a'])
    await held.answered
    held.release()
    await write
    await table.insert('c', { name: 'Gamma', price: 30 })
    await fixture.clock.settle()
    expect(view.snapshot().ids).toEqual(['c', 'b', 'a'])
    await table.close()
  }
})

async function outage({ faulty, clock }: LiveFixture, during: () => Promise<void>): Promise<void> {
  faulty.setOutage(true)
  await clock.advance(10)
  await during()
  faulty.setOutage(false)
  await clock.advance(60_000)
}

test('[LT19] after an outage everything shown is caught up with, deletions too', async () => {
  const fixture = await liveFixture()
  const { live, remote, clock } = fixture
  for (const preload of [false, true]) {
    const table = live({ preload })
    const view = table.view({})
    await clock.settle()
    const id = `d${String(preload)}`
    await outage(fixture, async () => {
      expect(view.snapshot().ids.length).toBeGreaterThan(0)
      expect(table.status.get()).toMatchObject({ state: 'retrying' })
      expect(table.status.get().freshness.staleSinceUnixMs).toBeDefined()
      await remote.delete(preload ? 'b' : 'a', theirs())
      await remote.insert(id, { name: 'Delta', price: 40 }, theirs())
    })
    expect(table.status.get().state).toBe('live')
    expect(view.snapshot().ids).toEqual(preload ? ['c', 'dfalse', 'dtrue'] : ['b', 'c', 'dfalse'])
    await table.close()
  }
})

test('[LT22] a swapped master is read and written from then on', async () => {
  const { live, clock } = await liveFixture()
  const other = await liveFixture()
  await other.remote.deleteAll(undefined, theirs())
  await other.remote.insert('z', { name: 'Omega', price: 99 }, theirs())
  const table = live()
  const view = table.view({})
  await clock.settle()
  await table.swapMaster(other.master)
  await clock.settle()
  expect(view.snapshot().ids).toEqual(['z'])
  expect(table.get('a')).toBeUndefined()
  await table.insertValue('y', { name: 'Psi', price: 98 })
  expect(await other.remote.count()).toBe(2)
  await other.remote.patch('z', { set: { price: 100 } }, theirs())
  await clock.settle()
  expect(prices(view.snapshot().rows)).toEqual([98, 100])
})

test('[LT22] a read that a swap overtakes comes from the new master', async () => {
  const { live, faulty } = await liveFixture()
  const other = await liveFixture()
  await other.remote.delete('a', theirs())
  const table = live()
  await table.getValue('a')
  const held = faulty.holdReply('list')
  const read = table.listValues()
  await held.answered
  await table.swapMaster(other.master)
  held.release()
  expect([...(await read).keys()]).toEqual(['b', 'c'])
})

test('[LT18] a listener that throws stops neither the others nor the table', async () => {
  const { live, remote, clock } = await liveFixture()
  const lines: string[] = []
  const table = live({ log: lineLog('error', (line) => lines.push(line)) })
  const view = table.view({})
  const told: number[] = []
  view.subscribe(() => {
    throw new Error('a broken listener')
  })
  view.subscribe(({ rows }) => told.push(rows.length))
  await clock.settle()
  await remote.insert('d', { name: 'Delta', price: 40 }, theirs())
  await clock.settle()
  expect(told).toEqual([3, 4])
  expect(lines).toHaveLength(2)
  expect(lines[0]).toContain('a broken listener')
})

test('[LT18] the end of a pending write is no news of a row that an earlier connection told', async () => {
  const { live, remote, faulty, clock } = await liveFixture()
  const table = live({ offlineWrites: true })
  // The only word of this row: no result was there to take account of it.
  await table.replace('d', { name: 'Delta', price: 40 })
  faulty.setOutage(true)
  const refused = table.patch('d', { set: { price: 41 } }).catch((error: unknown) => error)
  await clock.settle()
  await remote.delete('d', theirs())
  faulty.setOutage(false)
  const view = table.view({ order: [{ field: 'price', direction: 'desc' }] })
  view.subscribe(() => {})
  await clock.advance(60_000)
  expect(await refused).toMatchObject({ code: 'table/not-found' })
  expect(view.snapshot().ids).toEqual(['c', 'b', 'a'])
  await table.close()
})
