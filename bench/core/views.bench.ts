import { benchRow, type BenchRow } from '../bench-row.ts'
import { runInFreshProcess } from '../fresh-process.ts'
import { median } from '../measure.ts'
import type { Pair, ViewsFigures } from './views-process.ts'

const processes = 5

/**
 * Live views against what a careful programmer writes by hand for one query.
 *
 * Every figure is the median of five processes; in each, both sides are fed the
 * same changes in turns and every window is compared with an oracle.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const at10k = await figuresAt<HotFigures>(10_000, 'hot')
  const at100k = await figuresAt<ViewsFigures>(100_000, 'all')
  const at1M = await figuresAt<HotFigures>(1_000_000, 'hot')
  return [
    ratio('uniform change', at100k, 'uniform', 3.5, 'µs'),
    ratio('hot change p50', at100k, 'hotP50', 3, 'µs'),
    ratio('hot change p95', at100k, 'hotP95', 4, 'µs'),
    ratio('hot change p50 at 10,000 rows', at10k, 'hotP50', 3.5, 'µs'),
    ratio('hot change p50 at 100,000 rows', at100k, 'hotP50', 3.5, 'µs'),
    ratio('hot change p50 at 1,000,000 rows', at1M, 'hotP50', 3.5, 'µs'),
    ratio('tick of 1,000 changes', at100k, 'tick', 3, 'ms'),
    ratio('optimistic change and rollback', at100k, 'optimistic', 3.5, 'µs'),
    ratio('load with the query open', at100k, 'load', 6, 'ms'),
    ratio('read by id, overlay included', at100k, 'read', 3, 'ns'),
    benchRow({
      name: 'hot change, µs left for later',
      measured: median(at100k.map(({ deferred }) => deferred)),
      bound: 2,
      better: 'lower',
    }),
  ]
}

type HotFigures = Pick<ViewsFigures, 'hotP50'>

async function figuresAt<F>(rows: number, what: 'hot' | 'all'): Promise<readonly F[]> {
  const script = new URL('./views-process.ts', import.meta.url)
  const figures: F[] = []
  for (let at = 0; at < processes; at++) {
    // What views-process.ts sends for `what`.
    figures.push((await runInFreshProcess(script, [String(rows), what])) as F)
  }
  return figures
}

function ratio<Name extends Exclude<keyof ViewsFigures, 'deferred'>>(
  name: string,
  figures: readonly { readonly [Key in Name]: Pair }[],
  figure: Name,
  bound: number,
  unit: string,
): BenchRow {
  const pairs: readonly Pair[] = figures.map((one) => one[figure])
  const absolute = (side: keyof Pair): string => median(pairs.map((pair) => pair[side])).toPrecision(3)
  return benchRow({
    name: `${name}, times the limit`,
    measured: median(pairs.map(({ limit, ours }) => ours / limit)),
    bound,
    better: 'lower',
    note: `${absolute('ours')} ${unit} against ${absolute('limit')} ${unit}`,
  })
}
