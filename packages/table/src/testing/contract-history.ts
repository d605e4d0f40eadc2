import {
  decimal,
  randomBelow,
  type Filter,
  type Query,
  type Random,
  type Row,
  type Value,
} from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import type { Guard, Master } from '../master.ts'
import { codeOf, contractTables, expectRow, idsOf, op, type RunWithFixture } from './contract-fixture.ts'

/** Histories of writes and reads: a driver answers each as the memory driver does. */
export function testHistory(withFixture: RunWithFixture): void {
  for (const seed of [1, 2, 3]) {
    test(
      `[TB34] a random history of writes and reads is answered as in memory (seed ${seed})`,
      withFixture(async ({ client }) => {
        const random = createSeededRandom(seed)
        const model = createMemoryDatabase({ tables: contractTables }).master('client')
        for (let step = 0; step < 150; step++) {
          const { title, run } = randomStep(random)
          const [actual, expected] = [await run(client), await run(model)]
          expect({ step, title, outcome: actual.outcome }).toEqual({ step, title, outcome: expected.outcome })
          expectSameRow(client, actual.row, expected.row)
        }
        const rows = (await client.list({})).rows
        const modelRows = (await model.list({})).rows
        expect(idsOf(rows)).toEqual(idsOf(modelRows))
        rows.forEach(([, row], index) => expectSameRow(client, row, modelRows[index]?.[1]))
      }),
    )
  }
}

type Answer = { readonly outcome: unknown; readonly row?: Row | null | undefined }
type Step = { readonly title: string; readonly run: (master: Master) => Promise<Answer> }

function randomStep(random: Random): Step {
  const id = pick(random, ['a', 'b', 'c', 'd'])
  const row = randomRow(random)
  const guard = randomBelow(random, 2) === 0 ? undefined : randomGuard(random)
  const unset = pick<readonly string[]>(random, [[], ['name'], ['visits', 'metadata']])
  const filter = randomFilter(random)
  const query = randomQuery(random, filter)
  const steps: readonly Step[] = [
    { title: 'insert', run: (master) => answer(master.insert(id, row, op())) },
    { title: 'replace', run: (master) => answer(master.replace(id, row, op(guard))) },
    { title: 'patch', run: (master) => answer(master.patch(id, { set: row, unset }, op(guard))) },
    { title: 'delete', run: (master) => answer(master.delete(id, op(guard))) },
    {
      title: 'deleteAll',
      run: (master) => answer(master.deleteAll(filter, op()).then(() => ({ kind: 'done' }))),
    },
    { title: 'list', run: async (master) => ({ outcome: await listed(master, query) }) },
    { title: 'count', run: async (master) => ({ outcome: await master.count(filter) }) },
  ]
  // Writes of rows come up more often, so that there is something to delete.
  return pick(random, [...steps, ...steps.slice(0, 3), ...steps.slice(0, 3)])
}

async function answer(
  write: Promise<{ readonly kind: string; readonly row?: Row | null | undefined }>,
): Promise<Answer> {
  return write.then(
    ({ kind, row }) => ({ outcome: kind, row }),
    (error: unknown) => ({ outcome: codeOf(error) }),
  )
}

async function listed(master: Master, query: Query): Promise<unknown> {
  const { rows, total } = await master.list(query)
  return { ids: idsOf(rows), total }
}

function expectSameRow(
  master: Master,
  actual: Row | null | undefined,
  expected: Row | null | undefined,
): void {
  if (expected === null || expected === undefined) return expect(actual).toBe(expected)
  const { id } = expected
  expectRow(master, typeof id === 'string' ? id : '', actual, expected)
}

const candidates = {
  name: ['Marty', 'Doc', ''],
  visits: [0, 1, 2],
  balance: [decimal('1.50'), decimal('1.5'), decimal('-3')],
  metadata: [{ a: 1 }, { a: 1, b: { c: 2 } }, {}],
} satisfies { readonly [field: string]: readonly [Value, ...Value[]] }

function randomRow(random: Random): Row {
  const fields = Object.entries(candidates).filter(() => randomBelow(random, 2) === 0)
  return Object.fromEntries(fields.map(([field, values]) => [field, pick<Value>(random, values)]))
}

function randomGuard(random: Random): Guard {
  const field = pick(random, ['name', 'visits', 'balance', 'metadata'] as const)
  return { [field]: randomBelow(random, 4) === 0 ? undefined : pick<Value>(random, candidates[field]) }
}

function randomFilter(random: Random): Filter {
  const field = pick(random, ['name', 'visits', 'balance'] as const)
  const value = pick<Value>(random, [...candidates[field], null])
  const one: Filter = { op: pick(random, ['eq', 'neq', 'gt', 'lte'] as const), field, value }
  const other: Filter = { op: 'in', field: 'id', values: ['a', pick(random, ['b', 'c', 'd'])] }
  return pick<Filter>(random, [
    one,
    { op: 'and', filters: [one, other] },
    { op: 'or', filters: [one, { op: 'not', filter: other }] },
  ])
}

function randomQuery(random: Random, filter: Filter): Query {
  const field = pick(random, ['name', 'visits', 'balance'] as const)
  const direction = pick(random, ['asc', 'desc'] as const)
  return {
    filter: randomBelow(random, 2) === 0 ? undefined : filter,
    order: randomBelow(random, 3) === 0 ? undefined : [{ field, direction }],
    offset: randomBelow(random, 3),
    limit: randomBelow(random, 2) === 0 ? undefined : 1 + randomBelow(random, 3),
  }
}

function pick<T>(random: Random, [first, ...rest]: readonly T[]): T {
  const index = randomBelow(random, rest.length + 1)
  // The lists picked from are literals and never empty.
  return (index === 0 ? first : rest[index - 1]) as T
}
