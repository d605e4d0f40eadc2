import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createEvmPool, type EvmPool } from '@freshet/evm/pool'
import { interpreterWorkload } from '@freshet/evm/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'

const calls = 4000

/**
 * Two workers against one, and against what two threads without a pool give on this machine now. Time says little when
 * something else runs, so the same comes from CPU time too: what two free cores would give.
 */
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
  const [cpuOfOne, cpuOfTwo] = await cpuPerCall([one, two])
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
    benchRow({
      name: 'two workers, times one, by CPU time on two free cores',
      measured: (2 * cpuOfOne.workers) / (cpuOfTwo.workers + cpuOfTwo.feeding),
      bound: 1.7,
      better: 'higher',
      note: `the thread that feeds them takes ${cpuOfTwo.feeding.toFixed(1)} µs a call, they ${cpuOfTwo.workers.toFixed(1)} µs`,
    }),
  ]
}

type Cpu = { readonly feeding: number; readonly workers: number }

/** Microseconds of CPU per call, in this thread and in all others, of pools measured in turns. */
async function cpuPerCall(pools: readonly [EvmPool, EvmPool]): Promise<readonly [Cpu, Cpu]> {
  const samples: readonly [Cpu[], Cpu[]] = [[], []]
  for (let round = 0; round < 5; round++) {
    samples[0].push(await cpuOfRun(pools[0]))
    samples[1].push(await cpuOfRun(pools[1]))
  }
  return [medianCpu(samples[0]), medianCpu(samples[1])]
}

async function cpuOfRun(made: EvmPool): Promise<Cpu> {
  const [process0, thread0] = [process.cpuUsage(), process.threadCpuUsage()]
  await runAll(made)
  const [all, own] = [process.cpuUsage(process0), process.threadCpuUsage(thread0)]
  const feeding = (own.user + own.system) / calls
  return { feeding, workers: (all.user + all.system) / calls - feeding }
}

function medianCpu(samples: readonly Cpu[]): Cpu {
  return {
    feeding: median(samples.map(({ feeding }) => feeding)),
    workers: median(samples.map(({ workers }) => workers)),
  }
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
