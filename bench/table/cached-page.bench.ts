import { createLiveTable, tableSchema, type LiveTable } from '@freshet/table'
import { createSurrealDatabase } from '@freshet/table/surrealdb'
import { connectEmbedded } from '@freshet/table/surrealdb/embedded'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const rows = 1_000
const pageRows = 50
const reads = 200
const schema = tableSchema({ columns: { name: 'text', owner: 'text', score: 'int', payload: 'text' } })
const page = { order: [{ field: 'score', direction: 'desc' }], limit: pageRows } as const

/** A page that is held against asking the embedded database for it, through the same driver. */
export async function run(): Promise<readonly BenchRow[]> {
  const client = await connectEmbedded('mem://', { namespace: 'bench', database: 'bench' })
  await client.query(
    'DEFINE TABLE item SCHEMALESS; FOR $n IN 0..1000 { CREATE type::record("item", <string> $n) SET name = "name", owner = "owner", score = $n, payload = string::repeat("x", 200) }',
  )
  const database = createSurrealDatabase({ tables: { item: schema }, remote: client })
  const master = database.master('item')
  const onDemand = createLiveTable(master)
  const whole = createLiveTable(master, { preload: true })
  try {
    await onDemand.list(page)
    await settled(whole)
    const { remote, held, local } = await interleave({
      remote: () => microsPerRead(async () => (await master.list(page)).rows.length),
      held: () => microsPerRead(async () => (await onDemand.list(page)).rows.size),
      local: () => microsPerRead(async () => (await whole.list(page)).rows.size),
    })
    return [
      timesFaster(
        'a cached page of 50 rows, times faster than embedded SurrealDB',
        median(remote),
        median(held),
      ),
      timesFaster('the same from a table that is held whole', median(remote), median(local)),
    ]
  } finally {
    await Promise.all([onDemand.close(), whole.close()])
    await database.close()
    await client.close()
  }
}

function timesFaster(name: string, remoteMicros: number, ourMicros: number): BenchRow {
  const note = `${ourMicros.toFixed(1)} µs against ${remoteMicros.toFixed(0)} µs, ${rows} rows`
  return benchRow({ name, measured: remoteMicros / ourMicros, bound: 100, better: 'higher', note })
}

async function microsPerRead(read: () => Promise<number>): Promise<number> {
  const start = performance.now()
  for (let n = 0; n < reads; n++) {
    const found = await read()
    if (found !== pageRows) throw new Error(`A page of ${pageRows} rows came with ${found}.`)
  }
  return ((performance.now() - start) * 1_000) / reads
}

async function settled(table: LiveTable): Promise<void> {
  if (table.status.get().state === 'live') return
  await new Promise<void>((resolve) => {
    const stop = table.status.subscribe(({ state }) => {
      if (state !== 'live') return
      stop()
      resolve()
    })
  })
}
