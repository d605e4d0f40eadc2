import type { Row } from '@freshet/core'
import { createSeededRandom, createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createLiveTable } from './live-table.ts'
import { tableSchema } from './master-schema.ts'
import type { Master, MasterChange, MasterEntry } from './master.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'
import { pagination } from './pagination.ts'

/** A master whose rows tell which of them are looked at. */
function countingMaster(inner: Master, touched: Set<string>): Master {
  const counted = (id: string, row: Row): Row =>
    new Proxy(row, {
      get(target, field, receiver) {
        touched.add(id)
        // What the row itself answers.
        return Reflect.get(target, field, receiver) as unknown
      },
    })
  const entry = ([id, row, version]: MasterEntry): MasterEntry => [id, counted(id, row), version]
  return {
    ...inner,
    async list(query, signal) {
      const page = await inner.list(query, signal)
      return { ...page, rows: page.rows.map(entry) }
    },
    async page(step, signal) {
      const page = await inner.page(step, signal)
      return { ...page, rows: page.rows.map(entry) }
    },
    get: async (ids, signal) => (await inner.get(ids, signal)).map(entry),
    async *watch(options) {
      for await (const change of inner.watch(options)) yield countedChange(change)
    },
  }
  function countedChange(change: MasterChange): MasterChange {
    return change.kind === 'upsert' ? { ...change, row: counted(change.id, change.row) } : change
  }
}

/** How many rows each operation looks at in a table of so many rows. */
async function workAt(size: number, preload: boolean): Promise<Readonly<Record<string, number>>> {
  const clock = createVirtualClock()
  const random = createSeededRandom(1)
  const tables = { product: tableSchema({ columns: { name: 'text', price: 'int' } }) }
  const remote = createMemoryDatabase({ tables, clock, random }).master('product')
  const idOf = (at: number): string => `r${String(at).padStart(6, '0')}`
  for (let at = 0; at < size; at++)
    await remote.insert(idOf(at), { name: `n${at}`, price: at }, { opId: `seed${at}` })
  const touched = new Set<string>()
  const table = createLiveTable(countingMaster(remote, touched), { preload, clock, random, drainMs: 0 })
  const view = table.view({
    filter: { op: 'gt', field: 'price', value: size / 2 },
    order: [{ field: 'price', direction: 'desc' }],
    limit: 20,
  })
  view.subscribe(() => {})
  table.setPagination(pagination(3, 20))
  await table.listValues()
  await clock.settle()
  let operations = 0
  const measure = async (work: () => Promise<unknown>): Promise<number> => {
    touched.clear()
    await work()
    await clock.settle()
    view.snapshot()
    return touched.size
  }
  const theirs = (at: number, price: number) => () =>
    remote.patch(idOf(at), { set: { price } }, { opId: `theirs${++operations}` })
  const work = {
    'a change outside the window': await measure(theirs(5, 6)),
    'a row enters the window': await measure(theirs(10, size + 1)),
    'a row leaves it, so that it must refill': await measure(theirs(10, 1)),
    'an optimistic write': await measure(() => table.patch(idOf(size - 3), { set: { price: size + 2 } })),
    'an insert': await measure(() => table.insert('new', { name: 'new', price: size + 3 })),
    'a delete': await measure(() => table.delete('new')),
    'a page from the cache': await measure(() => table.listValues()),
    'a row by its id': await measure(() => table.getValue(idOf(size - 1))),
  }
  view.close()
  await table.close()
  return work
}

for (const preload of [true, false]) {
  const kind = preload ? 'held whole' : 'read on demand'
  test(`[LT52] the rows looked at do not grow with a table ${kind}`, async () => {
    const [small, large] = [await workAt(200, preload), await workAt(5_000, preload)]
    for (const [operation, rows] of Object.entries(large)) {
      expect(rows, operation).toBeLessThanOrEqual((small[operation] ?? 0) + 5)
      expect(rows, operation).toBeLessThan(100)
    }
  })
}
