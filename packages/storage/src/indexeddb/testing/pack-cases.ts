import type { Commit, Store, StoreRange, StoreTable, StoreWrite } from '@freshet/core'
import fc from 'fast-check'
import { deleteDB, openDB } from 'idb'
import { expect, test } from 'vitest'
import { createModelStore, type ModelStore } from '../../testing/model-store.ts'
import { storeContract } from '../../testing/store-contract.ts'
import { scanAll } from '../../testing/store-disk.ts'
import { changes, indexes, openIndexedDbStore, packs, type IndexedDbStoreOptions } from '../index.ts'
import { createPacks } from '../packs.ts'
import { abortingRequests, freshName, patch } from './engine.ts'

/** Packs so small that a handful of records makes several runs and merges them. */
const tinyPacks = createPacks({ packRows: 2, fanIn: 2 })

const rows: StoreTable = { name: 'rows', space: 'replica' }
const other: StoreTable = { name: 'other', space: 'replica' }
const tables = [rows, other]

/** The contract, where a store packs what it can. */
export function packedContract(engine: string): void {
  storeContract(`indexeddb with packs, ${engine}`, {
    async createDisk() {
      const name = freshName()
      return {
        open: (options) => open({ ...options, name, packs: tinyPacks }),
        remove: () => deleteDB(name),
      }
    },
  })
}

/** What a store with packs has beside the contract. */
export function packCases(): void {
  test(
    '[ST22] after every step of a random history packed rows are what the model holds, in both tabs',
    { timeout: 60_000 },
    () =>
      fc.assert(fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 10 }), runHistory), {
        seed: 20_261_122,
        numRuns: 12,
        endOnFailure: false,
      }),
  )

  test('[ST22] what comes in bulk is packed, and what comes alone is put alone', async () => {
    const { name, store, term } = await opened({ packs })
    const puts = { requests: 0 }
    patch(IDBObjectStore.prototype, 'put', (call) => {
      puts.requests += 1
      return call()
    })
    await store.commit({ writes: bulk(1_000) }, term)
    // Packs of 256, the runs of the table, the state of the books.
    expect(puts.requests).toBe(4 + 2)
    await store.commit({ writes: bulk(10) }, term)
    expect(puts.requests).toBe(6 + 10 + 1)
    expect(await store.count('rows')).toBe(1_000)
    expect(await store.range('rows', { limit: 2, lower: ['id-500'] })).toEqual([
      { id: 'id-500', value: { at: 500 } },
      { id: 'id-501', value: { at: 501 } },
    ])
    await removed(name, store)
  })

  test('[ST22] rows written again and again lie in few runs', { timeout: 60_000 }, async () => {
    const { name, store, term } = await opened({ packs: tinyPacks })
    for (let round = 0; round < 64; round++) await store.commit({ writes: bulk(8, round) }, term)
    expect((await scanAll(store, 'rows')).map(({ value }) => value)).toEqual(
      Array.from({ length: 8 }, (_, at) => ({ at: at + 63 })),
    )
    await store.close()
    const raw = await openDB(name)
    // All there is was written eight rows at a time: 512 without merging.
    const lying = (await raw.getAll('packed')) as { records?: readonly object[]; runs?: readonly object[] }[]
    expect(lying.flatMap(({ records = [] }) => records).length).toBeLessThanOrEqual(16)
    expect(lying.flatMap(({ runs = [] }) => runs).length).toBeLessThanOrEqual(2)
    raw.close()
    await deleteDB(name)
  })

  test(
    '[T1] a bulk aborted at any request, of a merge too, leaves the state before it',
    { timeout: 60_000 },
    async () => {
      const { name, store, term } = await opened({ packs: tinyPacks })
      for (const round of [0, 1, 2]) await store.commit({ writes: bulk(6, round) }, term)
      const during: Commit = { writes: [...bulk(5, 9), ...gone('id-5'), ...gone('nowhere')] }
      const expected = await stateOf(store)
      const abort = abortingRequests(['get', 'getKey', 'getAll', 'put', 'delete'])
      let abortAt = 1
      for (; ; abortAt++) {
        abort.at(abortAt)
        const outcome = await store.commit(during, term).catch((error: unknown) => error)
        const finished = abort.over()
        if (finished) break
        expect(outcome).toMatchObject({ code: 'storage/unavailable' })
        expect({ abortAt, state: await stateOf(store) }).toEqual({ abortAt, state: expected })
      }
      // It has merged.
      expect(abortAt).toBeGreaterThan(20)
      expect((await scanAll(store, 'rows')).map(({ value }) => value)).toEqual(
        Array.from({ length: 5 }, (_, at) => ({ at: at + 9 })),
      )
      await removed(name, store)
    },
  )

  test(
    '[T8] a table that gets an index is unpacked, also where that is aborted before',
    { timeout: 60_000 },
    async () => {
      const { name, store, term } = await opened({ packs: tinyPacks })
      await store.commit({ writes: bulk(6) }, term)
      const before = (await store.info()).seq
      await store.commit({ writes: bulk(1, 100) }, term)
      await store.close()
      const indexed = [{ ...rows, indexes: [{ name: 'byAt', fields: ['at'] }] }, other]
      const abort = abortingRequests(['put', 'delete'])
      for (let abortAt = 1; ; abortAt++) {
        abort.at(abortAt)
        const outcome = await open({ name, tables: indexed, packs: tinyPacks }).catch(() => undefined)
        const finished = abort.over()
        if (finished) {
          expect((await outcome?.range('rows', { index: 'byAt' }))?.map(({ id }) => id)).toEqual([
            ...['id-1', 'id-2', 'id-3', 'id-4', 'id-5', 'id-0'],
          ])
          expect(await outcome?.changesSince(before)).toMatchObject({ writes: [{ id: 'id-0' }] })
          await outcome?.close()
          break
        }
        const again = await open({ name, tables, packs: tinyPacks })
        expect(await again.count('rows')).toBe(6)
        await again.close()
        expect(abortAt).toBeLessThan(50)
      }
      await deleteDB(name)
    },
  )

  test('[ST21] a database with packs opens with packs only, and one without gets them', async () => {
    const name = freshName()
    const lean = await openIndexedDbStore({ name, tables })
    await lean.commit({ writes: bulk(4) }, await lean.takeTerm())
    const [second] = await Promise.all([openIndexedDbStore({ name, tables, packs: tinyPacks }), lean.close()])
    await second.commit({ writes: [...bulk(2, 7), ...gone('id-3')] }, await second.takeTerm())
    expect((await scanAll(second, 'rows')).map(({ value }) => value)).toEqual([
      { at: 7 },
      { at: 8 },
      { at: 2 },
    ])
    await second.close()
    const raw = await openDB(name)
    // One that knows no packs takes it for newer than itself.
    expect(await raw.get('freshet', 'state')).toMatchObject({ layout: 2 })
    raw.close()
    await expect(openIndexedDbStore({ name, tables })).rejects.toMatchObject({
      code: 'storage/not-kept',
      kind: 'usage',
      message: expect.stringContaining('packs') as unknown,
    })
    await deleteDB(name)
  })
}

function open(options: IndexedDbStoreOptions): Promise<Store> {
  return openIndexedDbStore({ indexes, changes, ...options })
}

async function opened({ packs: keeping }: Pick<IndexedDbStoreOptions, 'packs'>) {
  const name = freshName()
  const store = await open({ name, tables, packs: keeping })
  return { name, store, term: await store.takeTerm() }
}

async function removed(name: string, store: Store): Promise<void> {
  await store.close()
  await deleteDB(name)
}

function bulk(count: number, plus = 0): StoreWrite[] {
  return Array.from({ length: count }, (_, at) => ({
    table: 'rows',
    id: `id-${at}`,
    value: { at: at + plus },
  }))
}

function gone(id: string): StoreWrite[] {
  return [{ table: 'rows', id, value: undefined }]
}

async function stateOf(store: Store): Promise<unknown> {
  return {
    rows: await scanAll(store, 'rows'),
    info: await store.info(),
    changes: await store.changesSince(1),
  }
}

type Step =
  | { readonly kind: 'commit'; readonly writes: readonly StoreWrite[]; readonly clear: readonly string[] }
  | { readonly kind: 'reopen' }

const anyId = fc.nat(19).map((at) => `id-${at}`)
const anyBound = fc.option(fc.nat(20), { nil: undefined })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      writes: fc.array(
        fc.record({
          table: fc.constantFrom('rows', 'rows', 'rows', 'other'),
          id: anyId,
          value: fc.option(fc.record({ at: fc.nat(99) }, { noNullPrototype: true }), {
            nil: undefined,
            freq: 5,
          }),
        }),
        { maxLength: 12 },
      ),
      clear: fc.oneof(
        { weight: 12, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.constantFrom(['rows'], ['other']) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
)
const ranges: readonly StoreRange[] = fc.sample(
  fc
    .record({
      lower: anyBound,
      upper: anyBound,
      lowerInclusive: fc.boolean(),
      upperInclusive: fc.boolean(),
      limit: fc.option(fc.nat(7), { nil: undefined }),
      reverse: fc.boolean(),
    })
    .map(({ lower, upper, ...range }) => ({
      ...range,
      lower: lower === undefined ? [] : [`id-${lower}`],
      upper: upper === undefined ? [] : [`id-${upper}`],
    })),
  { numRuns: 8, seed: 20_261_122 },
)

/** One tab writes, another one reads and follows. */
async function runHistory(steps: readonly Step[]): Promise<void> {
  const name = freshName()
  const openOne = (): Promise<Store> => open({ name, tables, packs: tinyPacks })
  let [writer, reader] = [await openOne(), await openOne()]
  const [model, copy] = [createModelStore(tables), createModelStore(tables)]
  let seq = 0
  const term = await writer.takeTerm()
  for (const step of steps) {
    if (step.kind === 'reopen') {
      await writer.close()
      ;[writer, reader] = [reader, await openOne()]
      continue
    }
    await writer.commit(step, term)
    model.commit(step)
    await expectModel(reader, model)
    const told = await reader.changesSince(seq)
    if (told.kind === 'changes') copy.commit({ writes: told.writes })
    else copy.commit(await everything(reader))
    if (told.kind === 'changes') expectNews(told.writes)
    seq = told.seq
    for (const table of ['rows', 'other']) expect(copy.records(table)).toEqual(model.records(table))
  }
  await writer.close()
  await reader.close()
  await deleteDB(name)
}

async function expectModel(store: Store, model: ModelStore): Promise<void> {
  for (const table of ['rows', 'other']) {
    const records = model.records(table)
    // A slice size that does not divide the count, so that slices have edges.
    expect(await scanAll(store, table, 3)).toEqual(records)
    expect(await store.count(table)).toBe(records.length)
    const ids = Array.from({ length: 20 }, (_, at) => `id-${at}`)
    const byId = new Map(records.map(({ id, value }) => [id, value]))
    expect(await store.get(table, ids)).toEqual(ids.map((id) => byId.get(id)))
  }
  for (const range of ranges)
    expect({ range, found: await store.range('rows', range) }).toEqual({
      range,
      found: model.range('rows', range),
    })
}

/** A record is told once. */
function expectNews(writes: readonly StoreWrite[]): void {
  const keys = writes.map(({ table, id }) => `${table} ${id}`)
  expect(new Set(keys).size).toBe(keys.length)
}

async function everything(store: Store): Promise<Commit> {
  const all = await Promise.all(
    tables.map(async ({ name: table }) =>
      (await scanAll(store, table)).map(
        // What a store holds are rows.
        ({ id, value }) => ({ table, id, value }) as StoreWrite,
      ),
    ),
  )
  return { clear: tables.map(({ name }) => name), writes: all.flat() }
}
