import type { Row } from '@freshet/core'
import { expect, test } from 'vitest'
import type { Cache, CachedRows } from '../cache.ts'

function rowsNamed(name: string): CachedRows {
  const row: Row = { name }
  return { rows: new Map([['id1', row]]), fetchedAtUnixMs: 1_000 }
}

const noRows: CachedRows = { rows: new Map(), fetchedAtUnixMs: 1_000 }

/** What every cache that keeps anything promises. `open` gives an empty one, `reopen` the same one after a restart. */
export function cacheContract(
  name: string,
  open: () => Promise<{ readonly cache: Cache; reopen?(): Promise<Cache> }>,
): void {
  const promise = (title: string, checkIt: (cache: Cache) => Promise<void>): void => {
    test(`[LT15] ${name}: ${title}`, async () => {
      const { cache } = await open()
      await checkIt(cache)
      await cache.close()
    })
  }

  promise('a miss returns none', async (cache) => {
    expect(await cache.get('absent')).toBeUndefined()
    expect(await cache.get('absent/page_1')).toBeUndefined()
  })
  promise('put then get round trip', async (cache) => {
    await cache.put('k', rowsNamed('Alice'))
    const back = await cache.get('k')
    expect(back?.fetchedAtUnixMs).toBe(1_000)
    expect([...(back?.rows ?? [])]).toEqual([['id1', { name: 'Alice' }]])
  })
  promise('put overwrites', async (cache) => {
    await cache.put('k', rowsNamed('Alice'))
    await cache.put('k', rowsNamed('Bob'))
    expect((await cache.get('k'))?.rows.get('id1')).toEqual({ name: 'Bob' })
  })
  promise('rows keep their order', async (cache) => {
    const rows = new Map<string, Row>([
      ['z', { n: 1 }],
      ['a', { n: 2 }],
      ['m', { n: 3 }],
    ])
    await cache.put('k/page_1', { rows, fetchedAtUnixMs: 1 })
    expect([...((await cache.get('k/page_1'))?.rows.keys() ?? [])]).toEqual(['z', 'a', 'm'])
  })
  promise('invalidate prefix drops matching', async (cache) => {
    await cache.put('clients/page_0', noRows)
    await cache.put('clients/page_1', rowsNamed('Marty'))
    await cache.put('orders/page_0', noRows)
    await cache.invalidatePrefix('clients')
    expect(await cache.get('clients/page_0')).toBeUndefined()
    expect(await cache.get('clients/page_1')).toBeUndefined()
    expect(await cache.get('orders/page_0')).toBeDefined()
  })
  promise('client and clients are kept apart', async (cache) => {
    await cache.put('client/page_1', rowsNamed('one'))
    await cache.put('clients/page_1', rowsNamed('many'))
    await cache.put('clients2/page_1', rowsNamed('two'))
    await cache.invalidatePrefix('client')
    expect(await cache.get('client/page_1')).toBeUndefined()
    expect((await cache.get('clients/page_1'))?.rows.get('id1')).toEqual({ name: 'many' })
    expect((await cache.get('clients2/page_1'))?.rows.get('id1')).toEqual({ name: 'two' })
  })
  promise('invalidate of a sub-prefix drops only what lies under it', async (cache) => {
    await cache.put('clients/page_1', rowsNamed('page'))
    await cache.put('clients/id/marty', rowsNamed('row'))
    await cache.put('clients/id/martyn', rowsNamed('other'))
    await cache.invalidatePrefix('clients/id/marty')
    expect(await cache.get('clients/id/marty')).toBeUndefined()
    expect(await cache.get('clients/id/martyn')).toBeDefined()
    expect(await cache.get('clients/page_1')).toBeDefined()
  })
  promise('invalidate prefix of the empty string clears all', async (cache) => {
    await cache.put('a', noRows)
    await cache.put('b/page_1', noRows)
    await cache.invalidatePrefix('')
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('b/page_1')).toBeUndefined()
  })
  promise('a copy of the handle shares what is kept', async (cache) => {
    const copy = { ...cache }
    await copy.put('k/page_1', rowsNamed('Alice'))
    expect((await cache.get('k/page_1'))?.rows.get('id1')).toEqual({ name: 'Alice' })
    await cache.invalidatePrefix('k')
    expect(await copy.get('k/page_1')).toBeUndefined()
  })
  promise('invalidating what is not there succeeds', async (cache) => {
    await cache.invalidatePrefix('nothing/here')
    expect(await cache.get('nothing/here')).toBeUndefined()
  })

  test(`[LT15] ${name}: what was put is there after closing and opening again`, async ({ skip }) => {
    const { cache, reopen } = await open()
    if (reopen === undefined) return skip('this cache ends with the program')
    await cache.put('clients/page_1', rowsNamed('Marty'))
    await cache.close()
    const again = await reopen()
    expect((await again.get('clients/page_1'))?.rows.get('id1')).toEqual({ name: 'Marty' })
    await again.close()
  })
}
