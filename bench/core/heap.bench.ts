import { createReplica } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { retainedBytes } from '../measure.ts'
import { batchOf } from './replica-subject.ts'
import { liveQuery, makeRows } from './workload.ts'

const count = 100_000

/** What a row costs beyond itself, with one index over all rows and one live query open. */
export async function run(): Promise<readonly BenchRow[]> {
  const rows = makeRows(count, createSeededRandom(1))
  let seen = 0
  // Compiled code, and what the first replica leaves behind, is no cost of a row.
  hold(rows)
  const { bytes, made } = retainedBytes(() => hold(rows))
  seen += made.live.snapshot().rows.length + made.index.snapshot().rows.length
  const plain = retainedBytes(() => new Map(rows.map((row) => [row.id, row])))
  if (seen !== 100 || made.collection.size !== plain.made.size)
    throw new Error('The views hold the wrong rows.')
  return [
    benchRow({
      name: 'heap over the bare rows, B per row',
      measured: bytes / count,
      bound: 60,
      better: 'lower',
      note: `${count} rows, one index over all of them, one live query; a plain Map alone: ${(plain.bytes / count).toFixed(1)}`,
    }),
  ]
}

function hold(rows: ReturnType<typeof makeRows>) {
  const replica = createReplica({ name: 'heap', tables: [{ name: 'items' }] })
  const collection = replica.collection('items')
  const index = collection.view({ order: [{ field: 'score', direction: 'asc' }], limit: 50 })
  const live = collection.view(liveQuery)
  live.subscribe(() => {})
  for (let at = 0; at < rows.length; at += 1_000) {
    replica.apply(batchOf(rows.slice(at, at + 1_000).map((row) => ({ id: row.id, row }))))
  }
  return { replica, collection, index, live }
}
