import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { openLiveTable } from './live-table.ts'
import { liveFixture, theirs } from './testing/live-fixture.ts'

test('[LT30] the least recently used page leaves first, the one on screen stays', async () => {
  const { live, remote } = await liveFixture()
  for (let n = 0; n < 30; n++) {
    await remote.insert(`p${n + 10}`, { name: 'x'.repeat(1_000), price: n }, theirs())
  }
  const table = live({ maxBytes: 15_000 })
  const page = (offset: number) => ({ offset, limit: 5 })
  const shown = table.view(page(5))
  await table.list(page(5))
  await table.list(page(10))
  await table.list(page(15))
  await table.list(page(20))
  expect(table.collection.size).toBeLessThan(20)
  expect(shown.snapshot().rows).toHaveLength(5)
  const { fetches } = table.stats
  await table.list(page(20))
  expect(table.stats.fetches).toBe(fetches)
  await table.list(page(10))
  expect(table.stats.fetches).toBe(fetches + 1)
})

test('[LT30] what was read too long ago is not taken over from the store', async () => {
  const { master, time, clock } = await liveFixture()
  const disk = createMemoryDisk()
  const open = () =>
    openLiveTable(master, {
      cacheKey: 'p',
      maxAgeMs: 1_000,
      store: (tables) => openMemoryStore({ tables, disk }),
      ...time,
    })
  const first = await open()
  await first.list({ limit: 2 })
  await first.close()
  const second = await open()
  expect(second.collection.size).toBe(2)
  await second.close()
  await clock.advance(1_001)
  const third = await open()
  expect(third.collection.size).toBe(0)
})
