import { decimal, lineLog, type Row, type Telemetry } from '@freshet/core'
import { expect, test } from 'vitest'
import { createLiveTable } from './live-table.ts'
import { MemCache } from './mem-cache.ts'
import { hostileRows } from './testing/hostile-rows.ts'
import { liveFixture } from './testing/live-fixture.ts'

test('[LT28] debug lines name cache key, page, row, operation and outcome, and no row', async () => {
  const { live, clock } = await liveFixture()
  const lines: string[] = []
  const table = live({ log: lineLog('debug', (line) => lines.push(line)) })
  await table.list({ offset: 2, limit: 2 })
  await table.list({ offset: 2, limit: 2 })
  await table.getValue('c')
  await table.patchValue('c', { name: 'Secret' })
  await clock.settle()
  // Operation ids are told from others by being equal.
  const shown = lines.filter((line) => line.startsWith('debug')).map(withoutIds)
  expect(shown).toMatchInlineSnapshot(`
    [
      "debug freshet::table::events live cache_key=products",
      "debug freshet::table::read populated req=1 cache_key=products key=products/page_2 page=2 outcome=populated",
      "debug freshet::table::read miss req=1 cache_key=products key=products/page_2 page=2 op=list outcome=miss",
      "debug freshet::table::read hit req=2 cache_key=products key=products/page_2 page=2 op=list outcome=hit",
      "debug freshet::table::read hit req=3 cache_key=products key=products/id/c id=c op=get outcome=hit",
      "debug freshet::table::write queued req=4 cache_key=products key=products/id/c op=patch id=c operation=…",
      "debug freshet::table::worker confirmed cache_key=products op=patch id=c operation=…",
      "debug freshet::table::events upsert cache_key=products id=c",
      "debug freshet::table::write confirmed req=4 cache_key=products key=products/id/c op=patch id=c outcome=confirmed",
    ]
  `)
  expect(lines.join('\n')).not.toContain('Secret')
  await table.close()
  expect(lines.at(-1)).toMatch(/closed .* hits=2 misses=1 bytes=\d{2,} requests=4$/)
})

test('[LT28] at the level of traces bodies and queries are told', async () => {
  const { live } = await liveFixture()
  const lines: string[] = []
  const table = live({ log: lineLog('trace', (line) => lines.push(line)) })
  await table.list({ filter: { op: 'eq', field: 'name', value: 'Alpha' } })
  await table.patchValue('c', { name: 'Secret' })
  expect(lines.filter((line) => line.startsWith('trace'))).toEqual([
    'trace freshet::table::read rows req=1 rows=1 query=eq("name","Alpha")||0|',
    'trace freshet::table::write body req=2 request={"id":"c","op":"patch","set":{"name":"Secret"},"unset":[]}',
  ])
})

function withoutIds(line: string): string {
  return line.replace(/operation=[0-9a-f-]{36}/, 'operation=…')
}

test('[LT28] spans mark reads, writes and the worker, and end once', async () => {
  const { live } = await liveFixture()
  const spans: string[] = []
  const telemetry: Telemetry = {
    count: () => {},
    span: (name) => ({ end: (error) => spans.push(error === undefined ? name : `${name} failed`) }),
  }
  const table = live({ telemetry })
  const cache = MemCache.create({ telemetry })
  await cache.get('products/page_1')
  await table.listValues()
  await table.getValue('a')
  await table.insertValue('d', { name: 'Delta' })
  await expect(table.patchValue('zz', { price: 1 })).rejects.toThrow('zz')
  expect(spans.filter((name) => name.startsWith('freshet.table')).toSorted()).toEqual([
    'freshet.table.cache',
    'freshet.table.event',
    'freshet.table.event',
    'freshet.table.read',
    'freshet.table.read',
    'freshet.table.worker',
    'freshet.table.worker failed',
    'freshet.table.write',
    'freshet.table.write failed',
  ])
})

test('[LT26] hostile rows come back exactly, or are refused before anything shows', async () => {
  const { live } = await liveFixture('bakery')
  const table = live()
  await table.listValues()
  for (const { title, row } of hostileRows) {
    const written = await table.insert(title, row).catch((error: unknown) => error)
    if (written instanceof Error) {
      expect(written, title).toMatchObject({ code: expect.stringMatching(/^table\//) })
      expect(table.get(title), title).toBeUndefined()
    } else {
      expect(table.get(title), title).toStrictEqual({ id: title, ...row })
      expect((await table.list()).rows.get(title), title).toStrictEqual({ id: title, ...row })
    }
  }
})

test('[LT26] hostile ids are only texts', async () => {
  const { live } = await liveFixture('bakery')
  const table = live()
  const ids = ['__proto__', 'constructor', 'a/b', "'; DELETE client; --", '⟨x⟩', ' ', 'bakery:1', '\u{1F9C1}']
  for (const id of ids) await table.insertValue(id, { name: id })
  const rows = await table.listValues()
  for (const id of ids) expect(rows.get(id), id).toEqual({ id, name: id })
  for (const id of ids) await table.delete(id)
  expect((await table.listValues()).size).toBe(1)
})

test('[LT26] hostile filters are only values', async () => {
  const { live } = await liveFixture('client')
  const table = live()
  const texts = ["' OR 1=1 --", '"; DELETE client; "', '⟨x⟩', '$value', '__proto__', '']
  for (const text of texts) {
    expect((await table.list({ filter: { op: 'eq', field: 'name', value: text } })).rows.size, text).toBe(0)
    await expect(
      table.withFilter({ op: 'in', field: text, values: [text] }).listValues(),
      text,
    ).resolves.toHaveProperty('size', 0)
  }
  expect((await table.listValues()).size).toBe(3)
})

test('[LT25] typed rows, references and metadata', async () => {
  type Client = Row & { readonly name: string; readonly is_paying: boolean }
  const { database, time } = await liveFixture()
  const table = createLiveTable<Client>(database.master('client'), time)
  const marty = await table.getValue('marty')
  const name: string | undefined = marty?.name
  expect(name).toBe('Marty McFly')
  expect(table.refNames).toEqual(['bakery'])
  expect((await table.read('marty')).row?.['balance']).toEqual(decimal('150.00'))
})
