import {
  datetime,
  decimal,
  duration,
  recordId,
  uuid,
  type Store,
  type StoreRange,
  type Value,
} from '@freshet/core'
import { expect, test } from 'vitest'
import { createModelStore } from './model-store.ts'
import { contractTables, scanAll, type ContractOptions } from './store-disk.ts'
import { withStore } from './with-store.ts'

/** Values of all kinds, some equal in the order, to be shuffled into rows. */
export const mixedValues: readonly Value[] = [
  null,
  false,
  true,
  NaN,
  -Infinity,
  Infinity,
  -0,
  0,
  0n,
  decimal('0.00'),
  -1,
  -1.5,
  -100,
  5e-324,
  -5e-324,
  0.1,
  decimal('0.1'),
  0.30000000000000004,
  decimal('0.3'),
  1,
  1n,
  decimal('1.00'),
  9,
  10,
  99,
  100,
  101,
  12_345,
  -12_345,
  1e14,
  1e15 + 1,
  2 ** 53,
  2n ** 53n + 1n,
  decimal('9007199254740992.5'),
  2 ** 60,
  2n ** 60n,
  2n ** 70n,
  -(2n ** 70n),
  1e21,
  1e300,
  -1e300,
  1e-300,
  decimal('1e400'),
  decimal('-1e400'),
  decimal('1e-400'),
  2n ** 4000n,
  '',
  'a',
  'A',
  'aa',
  'a\0',
  'a\u0001',
  'b',
  'ü',
  '\u{1f600}',
  '\uffff',
  '\ud800',
  '\udfff',
  new Uint8Array(0),
  new Uint8Array([0]),
  new Uint8Array([1]),
  new Uint8Array([0, 255]),
  new Uint8Array([255]),
  new Date(0),
  new Date(-1),
  new Date(1),
  datetime('1970-01-01T00:00:00.000000001Z'),
  datetime('1970-01-01T00:00:00Z'),
  new Date(8.64e15),
  datetime('1969-12-31T23:59:59.9999Z'),
  uuid('0189d2b4-0000-7000-8000-000000000001'),
  recordId('a', 'b'),
  duration('1h'),
  duration('90m'),
  [],
  [null],
  [1],
  [1, 2],
  [2],
  ['a'],
  {},
  { a: 1 },
  { a: 1, b: 2 },
  { b: 1 },
  { '': null },
]

/** Ranges by declared index and by id. */
export function rangeContract(options: ContractOptions): void {
  test('[T7] every pair of bounds over mixed values gives what the order says', () =>
    withStore(options, async ({ store, term }) => {
      const model = createModelStore(contractTables)
      const writes = mixedValues.map((score, at) => ({
        table: 'rows',
        id: `r${at % 10}-${at}`,
        value: { score, status: at % 3 },
      }))
      writes.push({ table: 'rows', id: 'absent', value: { status: 1 } as never })
      await store.commit({ writes }, term)
      model.commit({ writes })
      const bounds = mixedValues.filter((_, at) => at % 4 === 0)
      const ranges: StoreRange[] = [{ index: 'byScore' }, { index: 'byScore', reverse: true }]
      for (const value of mixedValues) {
        ranges.push(
          { index: 'byScore', lower: [value], upper: [value] },
          { index: 'byScore', lower: [value], lowerInclusive: false },
        )
        ranges.push({ index: 'byScore', upper: [value], upperInclusive: false, reverse: true })
      }
      for (const [at, lower] of bounds.entries()) {
        const upper = bounds[(at * 7 + 3) % bounds.length] ?? null
        ranges.push({ index: 'byScore', lower: [lower], upper: [upper], limit: 5, reverse: at % 2 === 0 })
      }
      for (const range of ranges) await expectSameRange(store, model, range)
    }))

  test('[T7] all combinations of bounds, inclusion, direction and limit on an index of two fields', () =>
    withStore(options, async ({ store, term }) => {
      const model = createModelStore(contractTables)
      const writes = Array.from({ length: 60 }, (_, at) => ({
        table: 'rows',
        id: `id-${(at * 37) % 60}`,
        value: { status: ['open', 'closed', null][at % 3] ?? null, score: Math.floor(at / 6) },
      }))
      await store.commit({ writes }, term)
      model.commit({ writes })
      const bounds: (readonly Value[] | undefined)[] = [
        undefined,
        [],
        ['closed'],
        ['closed', 4],
        ['open', 4],
        [null, 2],
      ]
      for (const lower of bounds) {
        for (const upper of bounds) {
          for (const flags of [0, 1, 2, 3, 4, 5, 6, 7]) {
            await expectSameRange(store, model, {
              index: 'byStatusScore',
              lower,
              upper,
              lowerInclusive: (flags & 1) === 0,
              upperInclusive: (flags & 2) === 0,
              reverse: (flags & 4) !== 0,
              limit: (flags & 1) === 0 ? undefined : 3,
            })
          }
        }
      }
    }))

  test('[ST6] records of one key come by id ascending in both directions, also where a limit cuts', () =>
    withStore(options, async ({ store, term }) => {
      const ids = ['d', 'b', 'a', 'c', 'e']
      await store.commit(
        { writes: ids.map((id) => ({ table: 'rows', id, value: { score: id === 'e' ? 2 : 1 } })) },
        term,
      )
      const idsOf = async (range: StoreRange): Promise<string[]> =>
        (await store.range('rows', range)).map(({ id }) => id)
      expect(await idsOf({ index: 'byScore' })).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(await idsOf({ index: 'byScore', reverse: true })).toEqual(['e', 'a', 'b', 'c', 'd'])
      expect(await idsOf({ index: 'byScore', reverse: true, limit: 3 })).toEqual(['e', 'a', 'b'])
    }))

  test('[ST6] ranges by id: bounds, reverse, limit', () =>
    withStore(options, async ({ store, term }) => {
      const model = createModelStore(contractTables)
      const ids = ['a', 'b', 'b\0', 'c', '\ue000', '\u{10000}', '\ud800', '']
      const writes = ids.map((id) => ({ table: 'rows', id, value: { id } }))
      await store.commit({ writes }, term)
      model.commit({ writes })
      for (const lower of [undefined, [], ...ids.map((id) => [id])]) {
        for (const upper of [undefined, ['b'], ['\ud800'], ['\u{10000}']]) {
          for (const flags of [0, 1, 2, 3]) {
            const limit = flags === 3 ? 2 : undefined
            const inclusive = (flags & 1) === 0
            const range = {
              lower,
              upper,
              lowerInclusive: inclusive,
              upperInclusive: !inclusive,
              reverse: flags > 1,
              limit,
            }
            await expectSameRange(store, model, range)
          }
        }
      }
    }))

  test('[ST6] an index field may be a path into nested records', () =>
    withStore(options, async ({ disk, store: first }) => {
      await first.close()
      const index = { name: 'byCity', fields: ['address.city'] }
      const store = await disk.open({ tables: [{ name: 'people', space: 'replica', indexes: [index] }] })
      const term = await store.takeTerm()
      const people = {
        a: { address: { city: 'Ulm' } },
        b: { 'address.city': 'Aachen' },
        c: { address: 'none' },
      }
      await store.commit(
        { writes: Object.entries(people).map(([id, value]) => ({ table: 'people', id, value })) },
        term,
      )
      const records = await store.range('people', { index: 'byCity' })
      expect(records.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
      await store.close()
    }))

  test('[ST6] limits and id bounds that mean nothing are usage errors', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [{ table: 'rows', id: 'a', value: { score: 1 } }] }, term)
      expect(await store.range('rows', { limit: 0 })).toEqual([])
      for (const limit of [-1, 1.5, NaN]) {
        await expect(store.range('rows', { limit })).rejects.toMatchObject({
          code: 'storage/range',
          kind: 'usage',
        })
      }
      await expect(store.range('rows', { lower: [1] })).rejects.toMatchObject({ code: 'storage/range' })
      await expect(store.range('rows', { upper: ['a', 'b'] })).rejects.toMatchObject({
        code: 'storage/range',
      })
      await expect(scanAll(store, 'rows', 0)).rejects.toMatchObject({ code: 'storage/range' })
    }))

  test('[ST6] a scan gives each record once in id order, in slices of the size asked', () =>
    withStore(options, async ({ store, term }) => {
      const ids = Array.from({ length: 25 }, (_, at) => `id-${(at * 7) % 25}`)
      await store.commit({ writes: ids.map((id) => ({ table: 'rows', id, value: { id } })) }, term)
      const slices = []
      for await (const slice of store.scan('rows', 10)) slices.push(slice.map(({ id }) => id))
      expect(slices.map((slice) => slice.length)).toEqual([10, 10, 5])
      expect(slices.flat()).toEqual(ids.toSorted())
      expect(await scanAll(store, 'checkpoint')).toEqual([])
    }))

  test('[ST6] writes during a scan neither hide nor repeat records that stay', () =>
    withStore(options, async ({ store, term }) => {
      const ids = Array.from({ length: 9 }, (_, at) => `id-${at}`)
      await store.commit({ writes: ids.map((id) => ({ table: 'rows', id, value: { id } })) }, term)
      const seen: string[] = []
      for await (const slice of store.scan('rows', 2)) {
        seen.push(...slice.map(({ id }) => id))
        const writes = [
          { table: 'rows', id: 'id-0', value: { again: seen.length } },
          { table: 'rows', id: 'id-8', value: undefined },
        ]
        await store.commit({ writes }, term)
      }
      expect(seen).toEqual(ids.slice(0, 8))
    }))
}

/** Compares a range of the store with the model's. */
async function expectSameRange(
  store: Store,
  model: ReturnType<typeof createModelStore>,
  range: StoreRange,
): Promise<void> {
  const actual = (await store.range('rows', range)).map(({ id }) => id)
  expect({ range, ids: actual }).toEqual({ range, ids: model.range('rows', range).map(({ id }) => id) })
}
