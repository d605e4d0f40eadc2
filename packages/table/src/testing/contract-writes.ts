import { decimal } from '@freshet/core'
import { expect, test } from 'vitest'
import {
  biff,
  doc,
  expectRow,
  idsOf,
  marty,
  op,
  rowOf,
  seed,
  type RunWithFixture,
} from './contract-fixture.ts'

/** Writes: what each does to the row it names, and to no other. */
export function testWrites(withFixture: RunWithFixture): void {
  test(
    '[TB1] an insert stores the row and returns it with its id',
    withFixture(async ({ client }) => {
      const result = await client.insert('marty', marty, op())
      expectRow(client, 'marty', result.row, marty)
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
    }),
  )
  test(
    '[TB2] an insert over an existing row keeps it and returns it',
    withFixture(async ({ client }) => {
      await client.insert('marty', marty, op())
      const result = await client.insert('marty', doc, op())
      expectRow(client, 'marty', result.row, marty)
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
    }),
  )
  test(
    '[TB3] a replace upserts and drops the fields it does not name',
    withFixture(async ({ client }) => {
      const created = await client.replace('biff', biff, op())
      expect(created.kind).toBe('stored')
      const replaced = await client.replace('biff', { name: 'Biff' }, op())
      expectRow(client, 'biff', replaced.row, { name: 'Biff' })
      expectRow(client, 'biff', await rowOf(client, 'biff'), { name: 'Biff' })
    }),
  )
  test(
    '[TB4] a patch sets and removes fields shallowly and keeps the others',
    withFixture(async ({ client }) => {
      await client.insert('marty', marty, op())
      await client.insert('biff', biff, op())
      const set = { visits: 2, metadata: { notes: 'paid' } }
      const result = await client.patch('biff', { set, unset: ['email'] }, op())
      const { email: _, ...kept } = biff
      expectRow(client, 'biff', result.row, { ...kept, ...set })
      expectRow(client, 'biff', await rowOf(client, 'biff'), { ...kept, ...set })
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
    }),
  )
  test(
    '[TB4] a patch with nothing in it returns the row as it is',
    withFixture(async ({ client }) => {
      await client.insert('marty', marty, op())
      const result = await client.patch('marty', { set: {} }, op())
      expectRow(client, 'marty', result.row, marty)
    }),
  )
  test(
    '[TB5] a patch of a missing row fails as not found and creates nothing',
    withFixture(async ({ client }) => {
      const patch = { set: { name: 'nobody' } }
      await expect(client.patch('nobody', patch, op())).rejects.toMatchObject({ code: 'table/not-found' })
      await expect(client.patch('nobody', { set: {} }, op())).rejects.toMatchObject({
        code: 'table/not-found',
      })
      await expect(client.patch('nobody', patch, op({ name: 'x' }))).rejects.toMatchObject({
        code: 'table/not-found',
      })
      expect(await rowOf(client, 'nobody')).toBeUndefined()
    }),
  )
  test(
    '[TB6] a guarded write goes ahead while the row has the expected values',
    withFixture(async ({ client }) => {
      await client.insert('biff', biff, op())
      const expected = { balance: decimal('-50.250'), metadata: biff['metadata'], born: undefined }
      const patched = await client.patch('biff', { set: { visits: 2 } }, op(expected))
      expect(patched.kind).toBe('stored')
      const replaced = await client.replace('biff', doc, op({ visits: 2 }))
      expectRow(client, 'biff', replaced.row, doc)
      expect(await client.delete('biff', op({ name: 'Doc Brown' }))).toEqual({ kind: 'deleted' })
      expect(await rowOf(client, 'biff')).toBeUndefined()
    }),
  )
  test(
    '[TB6] a guard that does not hold yields a conflict with the current row and writes nothing',
    withFixture(async ({ client }) => {
      await client.insert('marty', marty, op())
      const wrong = { name: 'Marty McFly', visits: 4 }
      const results = [
        await client.patch('marty', { set: { visits: 9 } }, op(wrong)),
        await client.patch('marty', { set: { visits: 9 } }, op({ email: undefined })),
        await client.patch('marty', { set: { visits: 9 } }, op({ born: new Date(0) })),
        await client.patch('marty', { set: {} }, op(wrong)),
        await client.replace('marty', doc, op(wrong)),
        await client.delete('marty', op(wrong)),
      ]
      for (const result of results) {
        expect(result.kind).toBe('conflict')
        if (result.kind === 'conflict') expectRow(client, 'marty', result.row, marty)
      }
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
    }),
  )
  test(
    '[TB6] a guarded replace of a missing row is a conflict without a row',
    withFixture(async ({ client }) => {
      expect(await client.replace('biff', biff, op({ visits: 1 }))).toMatchObject({
        kind: 'conflict',
        row: null,
      })
      expect(await rowOf(client, 'biff')).toBeUndefined()
    }),
  )
  test(
    '[TB6] of two guarded writes from the same base exactly one is stored',
    withFixture(async ({ client }) => {
      await client.insert('marty', marty, op())
      const results = await Promise.all(
        [10, 11, 12, 13].map((visits) => client.patch('marty', { set: { visits } }, op({ visits: 3 }))),
      )
      expect(results.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
    }),
  )
  test(
    '[TB7] a delete removes the row, and again is no error',
    withFixture(async ({ client }) => {
      await client.insert('marty', marty, op())
      expect(await client.delete('marty', op())).toEqual({ kind: 'deleted' })
      expect(await client.delete('marty', op())).toEqual({ kind: 'deleted' })
      expect(await client.delete('marty', op({ name: 'x' }))).toEqual({ kind: 'deleted' })
      expect(await client.count()).toBe(0)
    }),
  )
  test(
    '[TB8] deleteAll removes the rows that match and no other',
    withFixture(async (fixture) => {
      const { client, order } = fixture
      await seed(fixture)
      await client.deleteAll({ op: 'eq', field: 'paying', value: false }, op())
      expect(idsOf((await client.list({})).rows)).toEqual(['doc', 'marty'])
      await client.deleteAll({ op: 'eq', field: 'name', value: 'no such name' }, op())
      expect(await client.count()).toBe(2)
      expect(await order.count()).toBe(2)
    }),
  )
  test(
    '[TB8] deleteAll of a view stays within the view',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const paying = client.withFilter({ op: 'eq', field: 'paying', value: true })
      await paying.deleteAll({ op: 'lt', field: 'visits', value: 5 }, op())
      expect(idsOf((await client.list({})).rows)).toEqual(['biff', 'doc'])
      await paying.deleteAll(undefined, op())
      expect(idsOf((await client.list({})).rows)).toEqual(['biff'])
      await client.deleteAll(undefined, op())
      expect(await client.count()).toBe(0)
    }),
  )
  test(
    '[TB9] the backend makes an id of its own for each insertReturnId',
    withFixture(async ({ client }) => {
      const results = await Promise.all([marty, marty, doc].map((row) => client.insertReturnId(row, op())))
      expect(new Set(results.map(({ id }) => id)).size).toBe(3)
      const [first] = results
      expectRow(client, first?.id ?? '', await rowOf(client, first?.id ?? ''), marty)
    }),
  )
  test(
    '[TB10] each of many concurrent writers gets its own reply',
    withFixture(async ({ client }) => {
      const names = Array.from({ length: 100 }, (_, index) => `writer ${index}`)
      const results = await Promise.all(names.map((name) => client.insert(name, { name }, op())))
      results.forEach((result, index) =>
        expectRow(client, `writer ${index}`, result.row, { name: `writer ${index}` }),
      )
      expect(await client.count()).toBe(100)
    }),
  )
  test(
    '[TB11] a write sent twice has one effect',
    withFixture(async ({ client }) => {
      const once = op()
      for (const _ of [1, 2]) await client.insert('marty', marty, once)
      const patch = op()
      for (const _ of [1, 2]) await client.patch('marty', { set: { visits: 4 } }, patch)
      expectRow(client, 'marty', await rowOf(client, 'marty'), { ...marty, visits: 4 })
      expect(await client.count()).toBe(1)
    }),
  )
  test(
    '[TB12] a row that carries another id is refused',
    withFixture(async ({ client }) => {
      const other = { ...marty, id: 'doc' }
      await expect(client.insert('marty', other, op())).rejects.toMatchObject({ code: 'table/id-mismatch' })
      await expect(client.patch('marty', { set: { id: 'doc' } }, op())).rejects.toMatchObject({
        code: 'table/id-mismatch',
      })
      await client.insert('marty', { ...marty, id: 'marty' }, op())
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
    }),
  )
}
