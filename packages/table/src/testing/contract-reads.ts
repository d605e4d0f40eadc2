import { recordId, type Query } from '@freshet/core'
import { expect, test } from 'vitest'
import type { Master } from '../master.ts'
import { codeOf, expectRow, idsOf, marty, op, rowOf, seed, type RunWithFixture } from './contract-fixture.ts'

/** Reads: what they return, in which order, and that views stay apart. */
export function testReads(withFixture: RunWithFixture): void {
  const listed = async (master: Master, query: Query): Promise<string[]> =>
    idsOf((await master.list(query)).rows)

  test(
    '[TB13] list returns all rows by id when no order is asked',
    withFixture(async (fixture) => {
      await seed(fixture)
      const page = await fixture.client.list({})
      expect(idsOf(page.rows)).toEqual(['biff', 'doc', 'marty'])
      expectRow(fixture.client, 'marty', page.rows[2]?.[1], marty)
      expect(page.total).toBe(3)
    }),
  )
  test(
    '[TB13] list filters, orders and windows, and counts what matches',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const order = [{ field: 'visits', direction: 'desc' }] as const
      expect(await listed(client, { order })).toEqual(['doc', 'marty', 'biff'])
      const page = await client.list({ order, offset: 1, limit: 1 })
      expect(idsOf(page.rows)).toEqual(['marty'])
      expect(page.total).toBe(3)
      const filter = { op: 'gt', field: 'visits', value: 1 } as const
      expect(await client.list({ filter, limit: 1 })).toMatchObject({ total: 2 })
      expect(await listed(client, { filter, offset: 5 })).toEqual([])
    }),
  )
  test(
    '[TB14] ties are broken by id, and null and absent come last in both directions',
    withFixture(async ({ client }) => {
      await client.insert('c', { visits: 1 }, op())
      await client.insert('b', { visits: 1 }, op())
      await client.insert('a', { name: 'none' }, op())
      await client.insert('d', { visits: 0 }, op())
      expect(await listed(client, { order: [{ field: 'visits', direction: 'asc' }] })).toEqual([
        'd',
        'b',
        'c',
        'a',
      ])
      expect(await listed(client, { order: [{ field: 'visits', direction: 'desc' }] })).toEqual([
        'b',
        'c',
        'd',
        'a',
      ])
    }),
  )
  test(
    '[TB15] a walk meets every lasting row once, whatever changes around it',
    withFixture(async ({ client }) => {
      const ids = Array.from({ length: 25 }, (_, index) => `row${String(index * 2).padStart(3, '0')}`)
      await Promise.all(ids.map((id) => client.insert(id, { name: id }, op())))
      const met: string[] = []
      let after: string | undefined
      do {
        const page = await client.page({ after, limit: 7 })
        expect(page.rows.length).toBeLessThanOrEqual(7)
        met.push(...idsOf(page.rows))
        after = page.next
        const last = met.at(-1) ?? ''
        await client.insert(`${last}-`, { name: 'inserted behind' }, op())
        await client.delete(ids[0] ?? '', op())
        await client.patch(ids[20] ?? '', { set: { name: 'changed' } }, op())
      } while (after !== undefined)
      expect(new Set(met).size).toBe(met.length)
      expect(met).toEqual(met.toSorted())
      expect(met.filter((id) => !id.endsWith('-'))).toEqual(ids)
    }),
  )
  test(
    '[TB37] ids that sort otherwise by code point than by UTF-16 unit are met once each',
    withFixture(async ({ client }) => {
      const ids = ['a', 'ab', 'ä', '\ue000', '\uff21', '\u{1f9c1}', '\u{1f9c1}a']
      for (const id of ids) await client.insert(id, { visits: 1 }, op())
      const walked: string[] = []
      let after: string | undefined
      do {
        const page = await client.page({ after, limit: 1 })
        walked.push(...idsOf(page.rows))
        after = page.next
      } while (after !== undefined)
      expect(walked.toSorted()).toEqual(ids.toSorted())
      const order = [{ field: 'visits', direction: 'desc' }] as const
      const windows = await Promise.all(ids.map((_, offset) => listed(client, { order, offset, limit: 1 })))
      expect(windows.flat()).toEqual(await listed(client, { order }))
      expect(windows.flat().toSorted()).toEqual(ids.toSorted())
    }),
  )
  test(
    '[TB15] a walk over an empty table ends at once',
    withFixture(async ({ client }) => {
      expect(await client.page({ limit: 10 })).toEqual({ rows: [] })
    }),
  )
  test(
    '[TB16] get returns the rows that are there in the order asked',
    withFixture(async (fixture) => {
      await seed(fixture)
      expect(idsOf(await fixture.client.get(['marty', 'nobody', 'biff']))).toEqual(['marty', 'biff'])
      expect(await fixture.client.get([])).toEqual([])
    }),
  )
  test(
    '[TB17] a view reads only its rows and leaves the table as it was',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const paying = client.withFilter({ op: 'eq', field: 'paying', value: true })
      const often = paying.withFilter({ op: 'gt', field: 'visits', value: 5 })
      expect(await listed(paying, {})).toEqual(['doc', 'marty'])
      expect(await listed(often, {})).toEqual(['doc'])
      expect(await often.count()).toBe(1)
      expect(await paying.count({ op: 'lt', field: 'visits', value: 5 })).toBe(1)
      expect(idsOf((await paying.page({ limit: 10 })).rows)).toEqual(['doc', 'marty'])
      expect(idsOf(await paying.get(['biff', 'doc']))).toEqual(['doc'])
      expect(await client.count()).toBe(3)
    }),
  )
  test(
    '[TB18] a reference leads to the rows of the other table, both ways',
    withFixture(async (fixture) => {
      const { client, order } = fixture
      await seed(fixture)
      const orders = client.getReference('orders', (await rowOf(client, 'marty')) ?? {})
      expect(await listed(orders, {})).toEqual(['order1'])
      const clients = order.getReference('client', (await rowOf(order, 'order2')) ?? {})
      expect(await listed(clients, {})).toEqual(['doc'])
      expect(await listed(order.getReference('client', { id: 'order3' }), {})).toEqual([])
      expect(() => client.getReference('__proto__', marty)).toThrow(/no reference/)
    }),
  )
  test(
    '[TB18] a reference to a row that is gone leads to nothing',
    withFixture(async ({ order }) => {
      await order.insert('order9', { client: recordId('client', 'gone') }, op())
      const clients = order.getReference('client', (await rowOf(order, 'order9')) ?? {})
      expect(await listed(clients, {})).toEqual([])
    }),
  )
  test(
    '[TB19] an aborted call rejects and writes nothing',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const signal = AbortSignal.abort()
      const calls = [
        client.list({}, signal),
        client.page({ limit: 1 }, signal),
        client.get(['marty'], signal),
        client.count(undefined, signal),
        client.insert('new', marty, { ...op(), signal }),
        client.patch('marty', { set: { visits: 99 } }, { ...op(), signal }),
        client.deleteAll(undefined, { ...op(), signal }),
      ]
      const codes = await Promise.all(calls.map((call) => call.then(() => 'none', codeOf)))
      expect(codes).toEqual(calls.map(() => 'table/aborted'))
      expect(await client.count()).toBe(3)
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
    }),
  )
  test(
    '[TB20] a closed database rejects every call',
    withFixture(async ({ database, client }) => {
      await database.close()
      await database.close()
      const calls = [client.list({}), client.get(['marty']), client.insert('marty', marty, op())]
      const codes = await Promise.all(calls.map((call) => call.then(() => 'none', codeOf)))
      expect(codes).toEqual(calls.map(() => 'table/closed'))
    }),
  )
  test(
    '[TB21] a table that is not declared is named in the error',
    withFixture(async ({ database }) => {
      expect(() => database.master('__proto__')).toThrow(/no table "__proto__"/)
      expect(database.tables).toContain('client')
    }),
  )
}
