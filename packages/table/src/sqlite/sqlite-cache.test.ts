import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openLiveTable } from '../live-table.ts'
import { cacheContract } from '../testing/cache-contract.ts'
import { liveFixture } from '../testing/live-fixture.ts'
import { SqliteCache } from './sqlite-cache.ts'

const folders: string[] = []

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-cache-'))
  folders.push(folder)
  return folder
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

cacheContract('SqliteCache', async () => {
  const folder = await newFolder()
  return { cache: await SqliteCache.open(folder), reopen: () => SqliteCache.open(folder) }
})

test('[LT15] SqliteCache: the folder is made, and holds one file for each cache key', async () => {
  const folder = join(await newFolder(), 'deep', 'er')
  const cache = await SqliteCache.open(folder)
  await cache.put('clients/page_1', { rows: new Map(), fetchedAtUnixMs: 1 })
  await cache.put('tenant%2Fclients/page_1', { rows: new Map(), fetchedAtUnixMs: 1 })
  await cache.close()
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sqlite'))
  expect(files.toSorted()).toEqual(['_clients.freshet.sqlite', '_tenant%252Fclients.freshet.sqlite'])
})

test('[LT15] SqliteCache: a second process is kept out, in words', async () => {
  const folder = await newFolder()
  const first = await SqliteCache.open(folder)
  await first.put('clients/page_1', { rows: new Map(), fetchedAtUnixMs: 1 })
  const second = await SqliteCache.open(folder)
  await expect(second.get('clients/page_1')).rejects.toMatchObject({
    code: 'storage/locked',
    kind: 'storage',
  })
  await first.close()
  expect(await second.get('clients/page_1')).toBeDefined()
  await second.close()
})

test('[LT15] SqliteCache: a folder that cannot be used is refused, in words', async () => {
  const file = join(await newFolder(), 'file')
  await writeFile(file, '')
  await expect(SqliteCache.open(join(file, 'cache'))).rejects.toMatchObject({ code: 'storage/unavailable' })
})

test('[LT15] SqliteCache: a parent that takes no folder is refused, in words', async ({ skip }) => {
  if (!existsSync('/proc/self')) return skip('only Linux has such a folder')
  await expect(SqliteCache.open('/proc/freshet/cache')).rejects.toMatchObject({
    code: 'storage/unavailable',
    message: expect.stringContaining('/proc/freshet/cache'),
  })
})

test('[LT21] rows, results and ages survive a restart on disk', async () => {
  const { master, faulty, time } = await liveFixture('client')
  const folder = await newFolder()
  const openTable = async () =>
    openLiveTable(master, {
      cacheKey: 'clients',
      cache: await SqliteCache.open(folder),
      connectWaitMs: 10,
      ...time,
    })
  const first = await openTable()
  const before = await first.list()
  await first.close()
  faulty.setOutage(true)
  const second = await openTable()
  const after = await second.list()
  expect([...after.rows]).toEqual([...before.rows])
  expect(after).toMatchObject({ source: 'cache', stale: true, fetchedAtUnixMs: before.fetchedAtUnixMs })
  await second.close()
})
