import { createEvmPool, type EvmPool } from '@freshet/evm/pool'
import { interpreterWorkload } from '@freshet/evm/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const calls = 4000

/** Two workers against one. */
export async function run(): Promise<readonly BenchRow[]> {
  const [one, two] = [pool(1), pool(2)]
  const figures = await interleave({ one: () => runAll(one), two: () => runAll(two) }, { rounds: 7 })
  one.close()
  two.close()
  const [alone, together] = [median(figures.one), median(figures.two)]
  const note = `${together.toFixed(1)} µs a call against ${alone.toFixed(1)} µs`
  return [
    benchRow({
      name: 'two workers, times one',
      measured: alone / together,
      bound: 1.7,
      better: 'higher',
      note,
    }),
  ]
}

function pool(workers: number): EvmPool {
  // Interpreted, so that there is work to share: compiled calls take little longer than sending them.
  const made = createEvmPool({ workers, tier: 'interpreter' })
  interpreterWorkload().setUp(made)
  return made
}

async function runAll(made: EvmPool): Promise<number> {
  const workload = interpreterWorkload().calls
  const many = Array.from({ length: calls }, (_, index) => workload[index % workload.length]).filter(
    (call) => call !== undefined,
  )
  const start = performance.now()
  for await (const { status } of made.runMany(many)) if (status !== 'ok') throw new Error(status)
  return ((performance.now() - start) * 1000) / calls
}
