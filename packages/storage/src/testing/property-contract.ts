import type { Commit, Row, Store, StoreRecord, StoreWrite, Value } from '@freshet/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createModelStore, type ModelStore } from './model-store.ts'
import { mixedValues } from './range-contract.ts'
import { sameValue } from './same-value.ts'
import { contractTables, scanAll, type ContractOptions } from './store-disk.ts'

type Step =
  | { readonly kind: 'commit'; readonly writes: readonly StoreWrite[]; readonly clear: readonly string[] }
  | { readonly kind: 'append'; readonly value: Row }
  /** Of what was appended and is there, the one at this place. */
  | { readonly kind: 'rewrite'; readonly place: number; readonly value: Row | undefined }
  | { readonly kind: 'reopen' }

const tableNames = contractTables.map(({ name }) => name)
const anyId = fc.constantFrom('a', 'b', 'c', 'd', '', '\ud800', '__proto__')
const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(...mixedValues),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
)
const anyRow: fc.Arbitrary<Row> = fc.record(
  { score: anyValue, status: anyValue, extra: anyValue },
  { requiredKeys: [], noNullPrototype: true },
)
const anyWrite: fc.Arbitrary<StoreWrite> = fc.record({
  table: fc.constantFrom(...tableNames),
  id: anyId,
  value: fc.option(anyRow, { nil: undefined, freq: 3 }),
})
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      writes: fc.array(anyWrite, { maxLength: 6 }),
      clear: fc.oneof(
        { weight: 9, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.constantFrom(['rows'], ['operations']) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('append' as const), value: anyRow }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('rewrite' as const),
      place: fc.nat(3),
      value: fc.option(anyRow, { nil: undefined, freq: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
)

/** Random histories against the model, compared after every step. */
export function propertyContract(options: ContractOptions): void {
  test(
    '[ST1] after every step of a random history the store holds what the model holds',
    { timeout: 60_000 },
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 12 }), (steps) =>
          runHistory(options, steps),
        ),
        { seed: 20_261_120, numRuns: 40, endOnFailure: false },
      ),
  )
}

async function runHistory(options: ContractOptions, steps: readonly Step[]): Promise<void> {
  const disk = await options.createDisk()
  let store = await disk.open({ tables: contractTables })
  try {
    const model = createModelStore(contractTables)
    const follower = createFollower()
    const term = await store.takeTerm()
    for (const step of steps) {
      if (step.kind === 'reopen') {
        await store.close()
        store = await disk.open({ tables: contractTables })
      } else if (step.kind === 'append') {
        model.append('operations', await store.append('operations', step.value), step.value)
      } else {
        const commit = step.kind === 'commit' ? step : rewriteOf(model, step)
        await store.commit(commit, term)
        model.commit(commit)
      }
      await expectModel(store, model)
      await follower.follow(store)
      follower.expectModel(model)
    }
  } finally {
    await store.close()
    await disk.remove()
  }
}

function rewriteOf(model: ModelStore, { place, value }: Extract<Step, { kind: 'rewrite' }>): Commit {
  const appended = model.records('operations').filter(({ id }) => /^\d{16}$/.test(id))
  const id = appended[place % appended.length]?.id
  return { writes: id === undefined ? [] : [{ table: 'operations', id, value }] }
}

async function expectModel(store: Store, model: ModelStore): Promise<void> {
  for (const table of tableNames) {
    // A slice size that does not divide the count, so that slices have edges.
    expectRecords((await scanAll(store, table, 3)) as StoreRecord[], model.records(table))
    expect(await store.count(table)).toBe(model.records(table).length)
  }
  for (const index of ['byScore', 'byStatusScore']) {
    const range = { index, reverse: true, limit: 4 }
    expectRecords(await store.range('rows', range), model.range('rows', range))
  }
}

function expectRecords(actual: readonly StoreRecord[], expected: readonly StoreRecord[]): void {
  expect(actual.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  for (const [at, { id, value }] of actual.entries()) {
    expect({ id, exact: sameValue(value, expected[at]?.value) }).toEqual({ id, exact: true })
  }
}

type Follower = { follow(store: Store): Promise<void>; expectModel(model: ModelStore): void }

/** A second copy fed by `changesSince` alone. */
function createFollower(): Follower {
  const replica = contractTables.filter(({ space }) => space === 'replica')
  const copy = createModelStore(replica)
  let seq = 0
  return {
    async follow(store) {
      const changes = await store.changesSince(seq)
      if (changes.kind === 'changes') copy.commit({ writes: changes.writes })
      else await readAgain(store)
      seq = changes.seq
    },
    expectModel(model) {
      for (const { name } of replica) expectRecords(copy.records(name), model.records(name))
    },
  }

  async function readAgain(store: Store): Promise<void> {
    for (const { name: table } of replica) {
      const records = (await scanAll(store, table)) as StoreRecord[]
      copy.commit({ clear: [table], writes: records.map(({ id, value }) => ({ table, id, value })) })
    }
  }
}
