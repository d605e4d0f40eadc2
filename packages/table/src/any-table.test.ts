import { expect, test } from 'vitest'
import type { AnyTable } from './any-table.ts'
import { asTable } from './as-table.ts'
import { NoCache } from './cache.ts'
import { openLiveTable } from './live-table.ts'
import { MemCache } from './mem-cache.ts'
import { pagination, withIpp } from './pagination.ts'
import { liveFixture } from './testing/live-fixture.ts'

test('[LT17] a live table is an any-table', async () => {
  const { live } = await liveFixture()
  const any: AnyTable = live()
  expect((await any.listValues()).size).toBe(3)
  await any.insertValue('new', { name: 'New', price: 50 })
  expect((await any.listValues()).size).toBe(4)
})

test('[LT17] any-table metadata passes through to the master', async () => {
  const { live } = await liveFixture()
  const any: AnyTable = live()
  expect(any.tableName).toBe('product')
  expect(any.columnNames).toContain('price')
  expect(any).toMatchObject({
    idFieldName: 'id',
    titleFieldNames: ['name'],
    refNames: ['bakery'],
    tableAlias: 'p',
  })
  expect(any.columnTypes['price']).toBe('int')
})

test('[LT17] a reference is a plain table of the master', async () => {
  const { database, time } = await liveFixture()
  const client = await openLiveTable(database.master('client'), time)
  const marty = await client.getValue('marty')
  const bakery = client.getRef('bakery', marty ?? {})
  expect([...(await bakery.listValues()).keys()]).toEqual(['hill_valley'])
  expect(() => client.getRef('nothing', marty ?? {})).toThrow(
    expect.objectContaining({ code: 'table/unknown-reference' }),
  )
})

/** Every verb once, with what each says; equal for equal tables. */
async function everyVerb(table: AnyTable): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  const note = async (work: Promise<unknown>): Promise<void> => {
    seen.push(await work.catch((error: unknown) => ({ code: (error as { code?: string }).code })))
  }
  const list = async () => [...(await table.listValues())]
  await note(list())
  await note(table.getValue('a'))
  await note(table.getValue('missing'))
  await note(table.getSomeValue())
  await note(table.getCount())
  await note(table.insertValue('d', { name: 'Delta', price: 40 }))
  await note(table.insertValue('d', { name: 'Other', price: 41 }))
  await note(list())
  await note(table.replaceValue('a', { name: 'Alpha2' }))
  await note(table.patchValue('b', { price: 21 }))
  await note(table.patchValue('missing', { price: 1 }))
  await note(list())
  const id = await table.insertReturnIdValue({ name: 'Made', price: 60 })
  seen.push((await table.getValue(id))?.['price'])
  await note(table.delete(id))
  await note(table.delete(id))
  table.setPagination(pagination(2, 2))
  seen.push(table.getPagination())
  await note(list())
  table.setPagination(undefined)
  const handle = table.tempAddCondition({ op: 'gt', field: 'price', value: 20 })
  await note(list())
  await note(table.getValue('a'))
  await note(table.getCount())
  table.tempRemoveCondition(handle)
  await note(list())
  const search = table.tempAddCondition(table.searchExpression('ALPH'))
  seen.push(table.searchExpression(''), search.condition)
  await note(list())
  await note(table.getCount())
  table.tempRemoveCondition(search)
  table.addConditionEq('price', '30')
  await note(list())
  await note(table.getSomeValue())
  await note(table.deleteAll())
  await note(list())
  await note(table.getCount())
  try {
    table.addConditionEq('nothing', '1')
  } catch (error) {
    seen.push((error as Error).message)
  }
  return seen
}

test('[LT2] every verb says the same with and without a cache, and on the plain master', async () => {
  const plain = await liveFixture()
  const expected = await everyVerb(asTable(plain.master, plain.time))
  expect(expected.length).toBe(31)

  const uncached = await liveFixture()
  const noCache = await openLiveTable(uncached.master, { cache: NoCache, ...uncached.time })
  expect(await everyVerb(noCache)).toEqual(expected)

  for (const preload of [false, true]) {
    const cached = await liveFixture()
    const live = await openLiveTable(cached.master, {
      cache: MemCache.create(cached.time),
      preload,
      ...cached.time,
    })
    expect(await everyVerb(live)).toEqual(expected)
  }
})

test('[LT50] a preview says where an answer comes from, without asking', async () => {
  const { live, faulty, master, clock } = await liveFixture()
  const table = live()
  const query = { filter: table.searchExpression('alp'), limit: 2 } as const
  const before = faulty.requests.list
  expect(table.preview(query)).toMatchObject({ source: 'remote', cacheKey: undefined })
  expect(table.preview({ offset: 2, limit: 2 }).cacheKey).toBe('products/page_2')
  expect(faulty.requests.list).toBe(before)
  await table.list(query)
  expect(table.preview(query)).toMatchObject({ source: 'cache', remote: { here: ['filter', 'order'] } })
  expect(asTable(master).preview(query)).toEqual({
    source: 'remote',
    key: table.preview(query).key,
    cacheKey: undefined,
    remote: { here: ['filter', 'order'] },
  })
  const whole = live({ cacheKey: 'whole', preload: true })
  await whole.listValues()
  await clock.settle()
  expect(whole.preview(query).source).toBe('local')
  expect([...(await whole.list(query)).rows.keys()]).toEqual(['a'])
})

test('[LT4] pages start at 1, and another page size keeps the first item in view', () => {
  expect(pagination(0, -3)).toEqual({ page: 1, ipp: 1 })
  expect(pagination()).toEqual({ page: 1, ipp: 50 })
  expect(withIpp(pagination(3, 10), 25)).toEqual({ page: 1, ipp: 25 })
  expect(withIpp(pagination(3, 10), 5)).toEqual({ page: 5, ipp: 5 })
})

test('[LT24] conditions make a view of their own over the same rows', async () => {
  const { live, faulty } = await liveFixture()
  const table = live()
  const dear = table.withFilter({ op: 'gt', field: 'price', value: 15 })
  const dearest = dear.withFilter({ op: 'gt', field: 'price', value: 25 })
  expect([...(await dear.listValues()).keys()]).toEqual(['b', 'c'])
  expect([...(await dearest.listValues()).keys()]).toEqual(['c'])
  expect((await table.listValues()).size).toBe(3)
  expect(dear.get('a')).toBeUndefined()
  expect(table.get('a')).toBeDefined()
  expect(await dear.getValue('a')).toBeUndefined()
  expect(faulty.requests).toMatchObject({ list: 3, get: 0 })
})
