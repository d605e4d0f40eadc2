import { FreshetError, type Store } from '@freshet/core'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { failingStore } from '@freshet/storage/testing'
import { expect, test } from 'vitest'
import { openLiveTable } from './live-table.ts'
import type { OpenLiveTableOptions } from './live-table-options.ts'
import { createFaultyMaster, noMasterFaults } from './testing/faulty-master.ts'
import { liveFixture, theirs } from './testing/live-fixture.ts'
import { variedMaster } from './testing/varied-master.ts'

async function storedFixture() {
  const fixture = await liveFixture()
  const disk = createMemoryDisk()
  const options: OpenLiveTableOptions = {
    cacheKey: 'products',
    store: (tables) => openMemoryStore({ tables, disk }),
    drainMs: 10,
    connectWaitMs: 50,
    ...fixture.time,
  }
  return {
    ...fixture,
    disk,
    options,
    open: (more: OpenLiveTableOptions = {}) => openLiveTable(fixture.master, { ...options, ...more }),
  }
}

test('[LT21] a second run answers from the store while the master is stopped, and says so', async () => {
  const { open, faulty } = await storedFixture()
  const first = await open()
  await first.listValues()
  const fetchedAtUnixMs = (await first.list()).fetchedAtUnixMs
  await first.close()
  faulty.setOutage(true)
  const second = await open()
  const read = await second.list()
  expect([...read.rows.keys()]).toEqual(['a', 'b', 'c'])
  expect(read).toMatchObject({ source: 'cache', stale: true, fetchedAtUnixMs })
  expect(second.get('a')).toMatchObject({ name: 'Alpha' })
})

test('[LT21] what a run invalidated is not served as known by the next', async () => {
  const { open, remote, faulty } = await storedFixture()
  const first = await open()
  await first.list({ limit: 2 })
  await first.close()
  const second = await open()
  await second.insert('aa', { name: 'New', price: 1 })
  await second.close()
  expect(await remote.count()).toBe(4)
  const before = faulty.requests.list
  const third = await open()
  expect([...(await third.list({ limit: 2 })).rows.keys()]).toEqual(['a', 'aa'])
  expect(faulty.requests.list - before).toBe(1)
})

test('[LT21] a write whose answer crossed a new connection invalidates what it may be part of', async () => {
  const { options, remote, time, clock } = await storedFixture()
  // Of a master that may lose what it should tell, the answer is all there is.
  const plain = { versions: false, opEcho: false, returnedRow: true, touchedOnly: true, lossless: false }
  const faulty = createFaultyMaster(variedMaster(remote, { ...plain, evaluates: true }), time)
  const first = await openLiveTable(faulty.master, options)
  await first.list()
  await first.close()
  faulty.setFaults({ ...noMasterFaults, lostPush: 1 })
  const second = await openLiveTable(faulty.master, options)
  const reply = faulty.holdReply('insert')
  const written = second.insert('aa', { name: 'New', price: 1 })
  await reply.answered
  faulty.cut()
  await clock.advance(5_000)
  expect(second.status.get().state).toBe('live')
  reply.release()
  await written
  await second.close()
  const third = await openLiveTable(faulty.master, options)
  expect([...(await third.list()).rows.keys()]).toEqual(['a', 'aa', 'b', 'c'])
})

test('[LT21] a write accepted while the master was away is sent by the next run', async () => {
  const { open, faulty, clock, remote } = await storedFixture()
  const first = await open()
  await first.listValues()
  faulty.setOutage(true)
  expect(await first.patch('a', { set: { price: 11 } }, { wait: 'local' })).toMatchObject({ kind: 'queued' })
  const closing = first.close()
  await clock.advance(100)
  await closing
  const second = await open()
  expect(second.get('a')).toMatchObject({ price: 11 })
  expect(second.meta('a')).toMatchObject({ pending: true })
  faulty.setOutage(false)
  await clock.advance(60_000)
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ price: 11 })
  expect(second.meta('a')).toMatchObject({ pending: false })
  expect(second.outbox.queued()).toEqual([])
})

test('[LT20] a cache that cannot be opened leaves a table that works and says so', async () => {
  const { open, clock } = await storedFixture()
  const locked = new FreshetError({
    code: 'storage/locked',
    kind: 'storage',
    message: 'Another process has it.',
  })
  const store = async (): Promise<Store> => {
    throw locked
  }
  const table = await open({ store })
  expect((await table.listValues()).size).toBe(3)
  await table.insertValue('d', { name: 'Delta', price: 40 })
  expect(table.status.get().degraded).toBe(locked)
  await clock.settle()
  await expect(open({ store, onStoreFault: 'fail' })).rejects.toBe(locked)
})

test('[LT20] a cache that fails later breaks no read', async () => {
  const { options, master, disk, clock } = await storedFixture()
  let failure: FreshetError | undefined
  const table = await openLiveTable(master, {
    ...options,
    store: async (tables) => failingStore(await openMemoryStore({ tables, disk }), () => failure),
  })
  const events: string[] = []
  table.events.subscribe((event) => events.push(event.kind))
  failure = new FreshetError({
    code: 'storage/full',
    kind: 'storage',
    message: 'The disk is full.',
    retryable: true,
  })
  expect((await table.listValues()).size).toBe(3)
  expect(await table.getValue('a')).toMatchObject({ name: 'Alpha' })
  await clock.settle()
  expect(table.status.get().degraded).toMatchObject({ code: 'storage/full' })
  expect(events).toContain('cacheDegraded')
  failure = undefined
  await clock.advance(20_000)
  expect(table.status.get().degraded).toBeUndefined()
})

test('[LT20] a durable write that the store refuses is not accepted and shows as degraded, until the next is taken', async () => {
  const { options, master, disk, clock } = await storedFixture()
  let failure: FreshetError | undefined
  const table = await openLiveTable(master, {
    ...options,
    store: async (tables) => failingStore(await openMemoryStore({ tables, disk }), () => failure),
  })
  await table.listValues()
  await clock.settle()
  failure = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'The disk is full.' })
  const refused = table.patch('a', { set: { price: 11 } }, { wait: 'local' })
  await expect(refused).rejects.toBe(failure)
  expect([table.status.get().degraded, table.get('a')?.['price']]).toEqual([failure, 10])
  failure = undefined
  await table.patch('a', { set: { price: 12 } }, { wait: 'local' })
  expect(table.status.get().degraded).toBeUndefined()
})

test('[LT23] the bus tells what happened to rows, reads and writes', async () => {
  const { live, faulty, remote, clock } = await liveFixture()
  const table = live({ preload: true })
  const events: unknown[] = []
  table.events.subscribe((event) => events.push(event))
  await clock.settle()
  expect(events).toContainEqual({ kind: 'inserted', id: 'a' })
  expect(events).toContainEqual({ kind: 'seeded' })
  expect(events).toContainEqual({ kind: 'live' })
  events.length = 0
  await remote.patch('a', { set: { price: 11 } }, theirs())
  await clock.settle()
  expect(events).toEqual([{ kind: 'changed', id: 'a', fields: ['price'] }])
  events.length = 0
  await table.delete('a')
  expect(events.map((event) => (event as { kind: string }).kind)).toEqual([
    'removed',
    'writePending',
    'writeConfirmed',
  ])
  events.length = 0
  await expect(table.patchValue('zz', { price: 1 })).rejects.toThrow('zz')
  expect(events).toMatchObject([
    { kind: 'writePending' },
    { kind: 'writeReverted', reason: 'rejected', error: { code: 'table/not-found' } },
  ])
  events.length = 0
  faulty.setOutage(true)
  await clock.settle()
  expect(events).toMatchObject([{ kind: 'stale' }])
})

test('[LT23] the bus tells of ranges as they load', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  const events: unknown[] = []
  await table.getValue('a')
  table.events.subscribe((event) => events.push(event))
  await table.list({ limit: 2 })
  expect(events).toMatchObject([
    { kind: 'loading' },
    { kind: 'inserted', id: 'b' },
    { kind: 'rangeLoaded', from: 0, to: 2 },
  ])
  events.length = 0
  faulty.setOutage(true)
  await expect(table.list({ offset: 2 })).rejects.toMatchObject({ code: 'table/unreachable' })
  expect(events).toContainEqual(expect.objectContaining({ kind: 'loadFailed' }))
})
