import { benchRow, type BenchRow } from '../bench-row.ts'
import { runInFreshProcess } from '../fresh-process.ts'
import { median } from '../measure.ts'
import type { DurableFigures, Pair } from './views-process.ts'

/**
 * The views again with everything on: a SQLite store that takes each change
 * behind it, a span of OpenTelemetry around each event, and the debug log.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const script = new URL('./views-process.ts', import.meta.url)
  const figures: DurableFigures[] = []
  for (let at = 0; at < 3; at++) {
    // What views-process.ts sends for `durable`.
    figures.push((await runInFreshProcess(script, ['100000', 'durable'])) as DurableFigures)
  }
  const committed = median(figures.map((one) => one.committed))
  const row = (name: string, of: (one: DurableFigures) => Pair, bound: number, note: string): BenchRow =>
    benchRow({
      name: `${name} with store and telemetry, times the limit in memory`,
      measured: median(figures.map((one) => of(one).ours / of(one).limit)),
      bound,
      better: 'lower',
      note: `${median(figures.map((one) => of(one).ours)).toPrecision(3)} ${note}`,
    })
  return [
    row('uniform change', ({ uniform }) => uniform, 5, 'µs'),
    row(
      'hot change p50',
      ({ hotP50 }) => hotP50,
      6,
      `µs; committed behind it: ${committed.toFixed(1)} µs per change, 1,000 changes waiting`,
    ),
    row('hot change p95', ({ hotP95 }) => hotP95, 6, 'µs'),
    row('tick of 1,000 changes', ({ tick }) => tick, 4, 'ms'),
    row('optimistic change and rollback', ({ optimistic }) => optimistic, 5, 'µs'),
  ]
}
