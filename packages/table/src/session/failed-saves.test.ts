import { createBrowserTabs } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { openLiveTable } from '../live-table.ts'
import type { OpenLiveTableOptions } from '../live-table-options.ts'
import type { Master } from '../master.ts'
import { WriteRejectedError } from '../master-errors.ts'
import { liveFixture, theirs, type LiveFixture } from '../testing/live-fixture.ts'

/** A table on a disk, whose database is out of reach. */
async function offline(disk = createMemoryDisk(), given?: LiveFixture) {
  const fixture = given ?? (await liveFixture())
  const open = (options: OpenLiveTableOptions = {}, master: Master = fixture.master) =>
    openLiveTable(master, {
      cacheKey: 'products',
      preload: true,
      store: (tables) => openMemoryStore({ tables, disk }),
      ...fixture.time,
      ...options,
    })
  const table = await open()
  await table.listValues()
  await fixture.clock.advance(10)
  fixture.faulty.setOutage(true)
  const they = (set: { readonly [field: string]: string | number }, id = 'a') =>
    fixture.remote.patch(id, { set }, theirs())
  const stored = async (id = 'a') => (await fixture.remote.get([id]))[0]?.[1]
  const reconnect = async () => {
    fixture.faulty.setOutage(false)
    await fixture.clock.advance(60_000)
  }
  const states = () => table.outbox.queued().map(({ state, operation }) => [operation.request['id'], state])
  return { ...fixture, disk, table, open, they, stored, reconnect, states }
}

test('[LT38] a queued save in conflict parks the later ones of its row, not the queue, and its draft stands again', async () => {
  const { table, they, stored, reconnect, states } = await offline()
  const edit = await table.editRecord('a')
  edit.data['name'] = 'mine'
  await edit.save({ wait: 'local' })
  edit.data['price'] = 11
  await edit.save({ wait: 'local' })
  await table.patch('b', { set: { price: 21 } }, { wait: 'local' })
  await they({ name: 'theirs' })
  await reconnect()
  expect(states()).toEqual([
    ['a', 'failed'],
    ['a', 'parked'],
  ])
  expect(await stored('b')).toMatchObject({ price: 21 })
  expect(await stored()).toMatchObject({ name: 'theirs', price: 10 })
  // Both are edits of the draft again: one save takes the place of both.
  expect(edit.getModifiedFields()).toEqual(['name', 'price'])
  expect(edit.conflicts()).toEqual([{ field: 'name', base: 'Alpha', local: 'mine', remote: 'theirs' }])
  expect(edit.answers).toHaveLength(2)
  edit.resolve('name', 'local')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine', price: 11 })
  expect([states(), edit.answers]).toEqual([[], []])
})

test('[LT38] taking theirs and saving lets the failed saves go without writing', async () => {
  const { table, they, stored, reconnect, states } = await offline()
  const edit = await table.editRecord('a')
  edit.data['name'] = 'mine'
  await edit.save({ wait: 'local' })
  await they({ name: 'theirs' })
  await reconnect()
  edit.resolve('name', 'remote')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect([states(), await stored()]).toMatchObject([[], { name: 'theirs' }])
})

test('[LT38] a queued save that fails after a restart is kept, and opening the record shows its conflict', async () => {
  const first = await offline()
  const edit = await first.table.editRecord('a')
  edit.data['name'] = 'mine'
  await edit.save({ wait: 'local' })
  edit.dispose()
  await first.they({ name: 'theirs' })
  const closing = first.table.close()
  await first.clock.advance(20_000)
  await closing
  first.faulty.setOutage(false)
  const table = await first.open()
  await first.clock.advance(60_000)
  expect(table.outbox.queued()).toMatchObject([{ state: 'failed', failure: { kind: 'conflict' } }])
  // What failed does not show.
  expect(table.get('a')).toMatchObject({ name: 'theirs' })
  const again = await table.editRecord('a')
  expect(again.conflicts()).toEqual([{ field: 'name', base: 'Alpha', local: 'mine', remote: 'theirs' }])
  again.resolve('name', 'local')
  expect(await again.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  await first.clock.advance(10)
  expect(table.outbox.queued()).toEqual([])
  expect(await first.stored()).toMatchObject({ name: 'mine' })
})

test('[LT38] a failed save can be retried: it is sent as it was, and its session sees it', async () => {
  const { table, they, stored, reconnect, states, clock } = await offline()
  const edit = await table.editRecord('a', { track: 'auto' })
  edit.data['name'] = 'mine'
  const saved = await edit.save({ wait: 'local' })
  await they({ name: 'theirs' })
  await reconnect()
  const operationId = saved.kind === 'queued' ? saved.operationId : ''
  // Its guard still fails.
  expect(await table.outbox.retry(operationId)).toBe(true)
  await clock.advance(10)
  expect([states(), edit.conflicts().length]).toEqual([[['a', 'failed']], 1])
  await they({ name: 'Alpha' })
  await clock.advance(10)
  expect(await table.outbox.retry(operationId)).toBe(true)
  await clock.advance(10)
  expect(await stored()).toMatchObject({ name: 'mine' })
  expect([states(), edit.getModifiedFields(), edit.answers]).toEqual([[], [], []])
})

test('[LT38] a new record that is refused later is new again, and saved in its place', async () => {
  const fixture = await liveFixture()
  let isRefusing = true
  const picky: Master = {
    ...fixture.master,
    async insert(id, row, options) {
      if (isRefusing) {
        const fieldErrors = [{ field: 'price', message: 'must be positive' }]
        throw new WriteRejectedError({ message: 'Refused.', fieldErrors })
      }
      return fixture.master.insert(id, row, options)
    },
  }
  const disk: MemoryDisk = createMemoryDisk()
  const { open, clock, states } = await offline(disk, fixture)
  const table = await open({ cacheKey: 'picky', store: (tables) => openMemoryStore({ tables }) }, picky)
  const edit = table.newRecord({ name: 'New', price: -1 })
  await edit.save({ wait: 'local' })
  fixture.faulty.setOutage(false)
  await clock.advance(60_000)
  expect(states()).toEqual([])
  expect(table.outbox.queued()).toMatchObject([
    { state: 'failed', failure: { kind: 'rejected', error: { fieldErrors: [{ field: 'price' }] } } },
  ])
  expect([edit.isNew, table.get(edit.id)]).toEqual([true, undefined])
  // Closed and opened again from the queue, it is the same new record.
  edit.dispose()
  const again = await table.editRecord(edit.id)
  again.data['price'] = 1
  isRefusing = false
  expect(await again.save()).toEqual({ kind: 'created', id: edit.id })
  expect(table.outbox.queued()).toEqual([])
  expect((await fixture.remote.get([edit.id]))[0]?.[1]).toMatchObject({ name: 'New', price: 1 })
})

test('[LT39] saves of one record that wait become one', async () => {
  const { table, stored, reconnect, faulty, states } = await offline()
  // The first of the queue is on its way, as far as anyone knows; those behind it are not.
  await table.patch('b', { set: { price: 21 } }, { wait: 'local' })
  const edit = await table.editRecord('a')
  for (const name of ['one', 'two', 'three']) {
    edit.data['name'] = name
    expect(await edit.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  }
  expect(states().map(([id]) => id)).toEqual(['b', 'a'])
  const before = faulty.requests.patch
  await reconnect()
  expect([await stored(), edit.getModifiedFields()]).toMatchObject([{ name: 'three' }, []])
  expect(faulty.requests.patch - before).toBe(2)
})

test('[LT29] [LT38] a follower hears why at the field, takes a noted write back, and has one retried', async () => {
  const fixture = await liveFixture()
  let isRefusing = true
  const picky: Master = {
    ...fixture.master,
    async patch(id, patch, options) {
      if (!isRefusing) return fixture.master.patch(id, patch, options)
      const fieldErrors = [{ field: 'price', message: 'must be positive' }]
      throw new WriteRejectedError({ message: 'Refused.', fieldErrors })
    },
  }
  const disk = createMemoryDisk()
  const browser = createBrowserTabs()
  const open = () =>
    openLiveTable(picky, {
      cacheKey: 'products',
      preload: true,
      store: (tables) => openMemoryStore({ tables, disk }),
      tabs: browser.openTab(),
      ...fixture.time,
    })
  const [leader, follower] = [await open(), await open()]
  await fixture.clock.advance(100)
  expect(follower.status.get().role).toBe('follower')

  const edit = await follower.editRecord('a')
  edit.data['price'] = -1
  const [result] = await Promise.all([edit.save(), fixture.clock.advance(100)])
  expect(result).toMatchObject({
    kind: 'error',
    fieldErrors: [{ field: 'price', message: 'must be positive' }],
  })

  const saved = await edit.save({ wait: 'local' })
  const operationId = saved.kind === 'queued' ? saved.operationId : ''
  await fixture.clock.advance(100)
  const failed = { state: 'failed', failure: { error: { fieldErrors: [{ field: 'price' }] } } }
  expect([leader.outbox.queued(), follower.outbox.queued()]).toMatchObject([[failed], [failed]])
  isRefusing = false
  expect((await Promise.all([follower.outbox.retry(operationId), fixture.clock.advance(100)]))[0]).toBe(true)
  await fixture.clock.advance(100)
  expect([leader.outbox.queued(), follower.outbox.queued()]).toEqual([[], []])
  expect(edit.getModifiedFields()).toEqual([])

  fixture.faulty.setOutage(true)
  edit.data['price'] = 12
  const noted = await edit.save({ wait: 'local' })
  await fixture.clock.advance(100)
  const taken = follower.outbox.discard(noted.kind === 'queued' ? noted.operationId : '')
  await fixture.clock.advance(100)
  expect(await taken).toBe(true)
  expect([leader.outbox.queued(), follower.outbox.queued()]).toEqual([[], []])
  expect(edit.getModifiedFields()).toEqual(['price'])
})
