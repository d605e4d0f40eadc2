import {
  compileOrder,
  compilePredicate,
  readFirstWindow,
  storeTables,
  type Filter,
  type Query,
  type Row,
  type TableSpec,
} from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { openMemoryStore } from '@freshet/storage/memory'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { expect, test } from 'vitest'

const table: TableSpec = {
  name: 'things',
  columns: { status: 'text', score: 'int' },
  indexes: [
    { name: 'byScore', fields: ['score'] },
    { name: 'byStatusAndScore', fields: ['status', 'score'] },
  ],
}
const tables = storeTables([table])
const openers = {
  memory: () => openMemoryStore({ tables }),
  sqlite: () => openSqliteStore({ path: ':memory:', tables }),
}

function naive(rows: ReadonlyMap<string, Row>, { filter, order, offset = 0, limit = Infinity }: Query) {
  const compare = compileOrder(order, table.columns)
  const matches = filter ? compilePredicate(filter, table.columns) : () => true
  return [...rows]
    .filter(([, row]) => matches(row))
    .sort(([idA, a], [idB, b]) => compare(a, idA, b, idB))
    .slice(offset, offset + limit)
    .map(([id]) => id)
}

test.each(Object.entries(openers))(
  '[T7] the first window from a %s store is the one a view would show',
  async (_name, open) => {
    const random = createSeededRandom(7)
    const below = (bound: number): number => Math.floor(random.next() * bound)
    const store = await open()
    const rows = new Map<string, Row>()
    for (let n = 0; n < 300; n++) {
      const score = below(10) === 0 ? null : below(40)
      rows.set(
        `r${below(1_000)}`,
        below(20) === 0 ? { status: 'open' } : { status: ['open', 'shut'][below(2)] ?? '', score },
      )
    }
    const term = await store.takeTerm()
    await store.commit({ writes: [...rows].map(([id, value]) => ({ table: 'things', id, value })) }, term)

    let served = 0
    for (let n = 0; n < 200; n++) {
      const direction = below(2) === 0 ? 'asc' : 'desc'
      const filters: Filter[] = []
      if (below(2) === 0) filters.push({ op: 'eq', field: 'status', value: 'open' })
      if (below(2) === 0) filters.push({ op: 'gt', field: 'score', value: below(40) })
      const filter: Filter = { op: 'and', filters }
      const query: Query = {
        filter,
        order: [{ field: 'score', direction }],
        offset: below(3) * 5,
        limit: 1 + below(30),
      }
      const window = await readFirstWindow(store, table, query)
      if (!window) continue
      served += 1
      expect(window.map(({ id }) => id)).toEqual(naive(rows, query))
    }
    expect(served).toBeGreaterThan(120)
    await store.close()
  },
)

test('[T7] a query that no index serves has no first window', async () => {
  const store = await openers.memory()
  const order = [{ field: 'name', direction: 'asc' as const }]
  expect(await readFirstWindow(store, table, { order, limit: 10 })).toBeUndefined()
})
