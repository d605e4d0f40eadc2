import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createEvmPool, type EvmPool } from '@freshet/evm/pool'
import { interpreterWorkload } from '@freshet/evm/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const calls = 4000

/** Two workers against one, and against what two threads without a pool give on this machine now. */
export async function run(): Promise<readonly BenchRow[]> {
  const [one, two] = [pool(1), pool(2)]
  const threads = [await bareThread(), await bareThread()] as const
  const figures = await interleave(
    {
      one: () => runAll(one),
      two: () => runAll(two),
      bareOne: () => runBare(threads.slice(0, 1)),
      bareTwo: () => runBare(threads),
    },
    { rounds: 7 },
  )
  for (const made of [one, two]) made.close()
  for (const thread of threads) await thread.terminate()
  const [alone, together] = [median(figures.one), median(figures.two)]
  const bare = median(figures.bareOne) / median(figures.bareTwo)
  const note = `${together.toFixed(1)} µs a call against ${alone.toFixed(1)} µs; two bare threads: ${bare.toFixed(2)} times one`
  return [
    benchRow({
      name: 'two workers, times one',
      measured: alone / together,
      bound: 1.7,
      better: 'higher',
      note,
    }),
    benchRow({
      name: 'two workers, share of what two bare threads gain',
      measured: alone / together / bare,
      bound: 0.85,
      better: 'higher',
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
  const many = Array.from({ length: calls }, (_, index) => workload[index % workload.length])
  const start = performance.now()
  const results = made.runMany(many.filter((call) => call !== undefined))
  for await (const { status } of results) if (status !== 'ok') throw new Error(status)
  return ((performance.now() - start) * 1000) / calls
}

async function bareThread(): Promise<Worker> {
  const thread = new Worker(new URL('./bare-thread.ts', import.meta.url))
  await once(thread, 'message')
  return thread
}

async function runBare(threads: readonly Worker[]): Promise<number> {
  const start = performance.now()
  await Promise.all(
    threads.map((thread) => {
      const done = once(thread, 'message')
      thread.postMessage(calls / threads.length)
      return done
    }),
  )
  return ((performance.now() - start) * 1000) / calls
}
