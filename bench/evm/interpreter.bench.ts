import { gzipSync } from 'node:zlib'
import { createWasmEvm, type EvmEngine } from '@freshet/evm'
import {
  interpreterWorkload,
  quoterWorkload,
  trivialWorkload,
  wasmBinary,
  type Workload,
} from '@freshet/evm/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, microsPerOperation } from '../measure.ts'
import { realOrderWorkload } from './real-order.ts'
import { stockEngine } from './stock-engine.ts'

/** The WebAssembly interpreter against `@ethereumjs/evm` as it comes and against compiled contracts; its size. */
export async function run(): Promise<readonly BenchRow[]> {
  const real = await measure(interpreterWorkload(), 40, 2000)
  const trivial = await measure(trivialWorkload(), 2000, 100_000)
  const bytes = gzipSync(wasmBinary(), { level: 9 }).length
  const script = await scriptRuntime()
  const realOrder = await realOrderWorkload()
  if (typeof realOrder === 'string') console.log(`evm/interpreter: the real order is skipped: ${realOrder}`)
  return [
    ratioRow('interpreter contract, times stock @ethereumjs/evm', real, 40),
    ratioRow('trivial call, times stock @ethereumjs/evm', trivial, 100),
    benchRow({ name: 'module size, gzip, kB', measured: bytes / 1000, bound: 14, better: 'lower' }),
    await compiledRow('interpreter contract compiled, times interpreted', interpreterWorkload(), 2),
    await compiledRow('quotes of pools compiled, times interpreted', quoterWorkload(1), 1.2),
    benchRow({
      name: 'interpreter contract in JavaScript, times WebAssembly',
      measured: script / real.ours,
      bound: 20,
      better: 'lower',
      note: `${script.toFixed(0)} µs a call`,
    }),
    ...(typeof realOrder === 'string'
      ? []
      : [
          ratioRow('real order, times stock @ethereumjs/evm', await measure(realOrder, 40, 2000), 40),
          await compiledRow('real order compiled, times interpreted', realOrder, 1.5),
        ]),
  ]
}

type Figures = { readonly stock: number; readonly ours: number; readonly gas: bigint }

async function measure(workload: Workload, stockRuns: number, runs: number): Promise<Figures> {
  const stock = await stockEngine(workload)
  const evm = await createWasmEvm({ tier: 'interpreter' })
  workload.setUp(evm)
  const figures = await interleave(
    {
      // Time of the processor, which other processes do not add to: small calls are a matter of nanoseconds.
      stock: async () => {
        const start = threadMicros()
        for (let i = 0; i < stockRuns; i++) await stock.run(callOf(workload, i))
        return (threadMicros() - start) / stockRuns
      },
      ours: () => {
        const start = threadMicros()
        repeat(evm, workload, runs)
        return (threadMicros() - start) / runs
      },
    },
    { rounds: 7 },
  )
  const { gasUsed } = evm.staticCall(callOf(workload, 0))
  return { stock: median(figures.stock), ours: median(figures.ours), gas: gasUsed }
}

function threadMicros(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** What translating a contract into a module of its own gives over interpreting it. */
async function compiledRow(name: string, workload: Workload, bound: number): Promise<BenchRow> {
  const [interpreted, compiled] = [
    await createWasmEvm({ tier: 'interpreter' }),
    await createWasmEvm({ tier: 'compiled' }),
  ]
  const start = performance.now()
  for (const evm of [interpreted, compiled]) workload.setUp(evm)
  const setUpMs = performance.now() - start
  const figures = await interleave(
    {
      interpreted: () => microsPerOperation(2000, () => repeat(interpreted, workload, 2000)),
      compiled: () => microsPerOperation(2000, () => repeat(compiled, workload, 2000)),
    },
    // The browser's compiler needs a while until it has optimised the modules.
    { rounds: 11, warmUp: 15 },
  )
  const [before, after] = [median(figures.interpreted), median(figures.compiled)]
  const note = `${after.toFixed(1)} µs against ${before.toFixed(1)} µs, set up in ${setUpMs.toFixed(0)} ms`
  return benchRow({ name, measured: before / after, bound, better: 'higher', note })
}

async function scriptRuntime(): Promise<number> {
  const workload = interpreterWorkload()
  const evm = await createWasmEvm({ runtime: 'javascript' })
  workload.setUp(evm)
  repeat(evm, workload, 1500)
  const start = threadMicros()
  repeat(evm, workload, 1000)
  return (threadMicros() - start) / 1000
}

function repeat(evm: EvmEngine, workload: Workload, runs: number): void {
  for (let i = 0; i < runs; i++) evm.staticCall(callOf(workload, i))
}

function callOf({ calls }: Workload, index: number) {
  const call = calls[index % calls.length]
  if (call === undefined) throw new RangeError('a workload without calls')
  return call
}

function ratioRow(name: string, { stock, ours, gas }: Figures, bound: number): BenchRow {
  const note = `${ours.toFixed(2)} µs against ${stock.toFixed(0)} µs, ${gas} gas`
  return benchRow({ name, measured: stock / ours, bound, better: 'higher', note })
}
