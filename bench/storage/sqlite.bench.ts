import type { Row, StoreTable } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'
import { firstWindowBare, hydrateBare, insertBare, readBareRecords, type BareRecord } from './bare-sqlite.ts'
import { benchDirectory, makeItems, type Item } from './workload.ts'

const count = 100_000
const batchRows = 1_000
const windowRows = 50
const tables: readonly StoreTable[] = [
  { name: 'items', space: 'replica', indexes: [{ name: 'byScore', fields: ['score'] }] },
  { name: 'checkpoint', space: 'replica' },
]

/** The SQLite store against bare `node:sqlite` with the same bytes and the same indexes. */
export async function run(): Promise<readonly BenchRow[]> {
  using directory = benchDirectory()
  const items = makeItems(count, createSeededRandom(1))
  const path = directory.path('filled.db')
  await insert(path, items)
  return [
    await inserts(directory.path, items, readBareRecords(path)),
    await firstWindow(path),
    await hydration(path),
  ]
}

async function inserts(
  path: (name: string) => string,
  items: readonly Item[],
  records: readonly BareRecord[],
): Promise<BenchRow> {
  let files = 0
  const nextFile = (): string => path(`insert-${(files += 1)}.db`)
  const rowsPerSecond = (startMs: number): number => (count * 1000) / (performance.now() - startMs)
  const { ours, bare } = await interleave(
    {
      async ours() {
        const start = performance.now()
        await insert(nextFile(), items)
        return rowsPerSecond(start)
      },
      bare() {
        const start = performance.now()
        insertBare(nextFile(), records, batchRows)
        return rowsPerSecond(start)
      },
    },
    { rounds: 5, warmUp: 1 },
  )
  return benchRow({
    name: 'durable inserts in batches of 1,000, rows per second over bare node:sqlite',
    measured: median(ours) / median(bare),
    bound: 0.75,
    better: 'higher',
    note: `${count} rows; ${perSecond(ours)} against ${perSecond(bare)}, whose bytes are made beforehand`,
  })
}

async function firstWindow(path: string): Promise<BenchRow> {
  const oracle = firstWindowBare(path, windowRows).map(({ score }) => score)
  const { ours, bare } = await interleave(
    {
      async ours() {
        const start = performance.now()
        const store = await openSqliteStore({ path, tables })
        const records = await store.range('items', { index: 'byScore', reverse: true, limit: windowRows })
        const elapsed = performance.now() - start
        await store.close()
        if (records.some(({ value }, at) => value['score'] !== oracle[at]))
          throw new Error('The window is wrong.')
        return elapsed
      },
      bare() {
        const start = performance.now()
        firstWindowBare(path, windowRows)
        return performance.now() - start
      },
    },
    { rounds: 21, warmUp: 3 },
  )
  return benchRow({
    name: 'cold start to the first window of 50, times a bare lazy query',
    measured: median(ours) / median(bare),
    bound: 4,
    better: 'lower',
    note: `${count} rows; ${millis(ours)} against ${millis(bare)}`,
  })
}

async function hydration(path: string): Promise<BenchRow> {
  const { ours, bare } = await interleave(
    {
      async ours() {
        const start = performance.now()
        const rows = new Map<string, Row>()
        const store = await openSqliteStore({ path, tables })
        for await (const slice of store.scan('items', batchRows))
          for (const { id, value } of slice) rows.set(id, value)
        const elapsed = performance.now() - start
        await store.close()
        if (rows.size !== count) throw new Error('Rows are missing.')
        return elapsed
      },
      bare() {
        const start = performance.now()
        hydrateBare(path)
        return performance.now() - start
      },
    },
    { rounds: 7, warmUp: 2 },
  )
  return benchRow({
    name: 'full hydration, times a bare scan with decoding',
    measured: median(ours) / median(bare),
    bound: 2,
    better: 'lower',
    note: `${count} rows; ${millis(ours)} against ${millis(bare)}`,
  })
}

async function insert(path: string, items: readonly Item[]): Promise<void> {
  const store = await openSqliteStore({ path, tables })
  const term = await store.takeTerm()
  for (let at = 0; at < items.length; at += batchRows) {
    const writes = items.slice(at, at + batchRows).map((value) => ({ table: 'items', id: value.id, value }))
    await store.commit({ writes: [...writes, { table: 'checkpoint', id: 'at', value: { at } }] }, term)
  }
  await store.close()
}

function perSecond(samples: readonly number[]): string {
  return `${Math.round(median(samples) / 1000)},000/s`
}

function millis(samples: readonly number[]): string {
  return `${median(samples).toFixed(1)} ms`
}
