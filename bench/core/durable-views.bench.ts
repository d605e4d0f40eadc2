import { benchRow, type BenchRow } from '../bench-row.ts'
import { runInFreshProcess } from '../fresh-process.ts'
import { median } from '../measure.ts'
import type { DurableFigures } from './views-process.ts'

/** The hot change again, on a replica that commits each of them to a SQLite file behind it. */
export async function run(): Promise<readonly BenchRow[]> {
  const script = new URL('./views-process.ts', import.meta.url)
  const figures: DurableFigures[] = []
  for (let at = 0; at < 3; at++) {
    // What views-process.ts sends for `durable`.
    figures.push((await runInFreshProcess(script, ['100000', 'durable'])) as DurableFigures)
  }
  const committed = median(figures.map((one) => one.committed))
  return [
    benchRow({
      name: 'hot change p50 on a SQLite store, times the limit in memory',
      measured: median(figures.map(({ hotP50 }) => hotP50.ours / hotP50.limit)),
      bound: 6,
      better: 'lower',
      note: `committed behind it: ${committed.toFixed(1)} µs per change, 1,000 changes waiting`,
    }),
  ]
}
