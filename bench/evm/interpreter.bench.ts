import { gzipSync } from 'node:zlib'
import { createWasmEvm, type EvmEngine } from '@freshet/evm'
import { interpreterWorkload, trivialWorkload, wasmBinary, type Workload } from '@freshet/evm/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, microsPerOperation } from '../measure.ts'
import { stockEngine } from './stock-engine.ts'

/** The WebAssembly interpreter against `@ethereumjs/evm` as it comes, and the size of its module. */
export async function run(): Promise<readonly BenchRow[]> {
  const real = await measure(interpreterWorkload(), 40, 2000)
  const trivial = await measure(trivialWorkload(), 2000, 100_000)
  const bytes = gzipSync(wasmBinary(), { level: 9 }).length
  const script = await scriptRuntime()
  return [
    ratioRow('interpreter contract, times stock @ethereumjs/evm', real, 40),
    ratioRow('trivial call, times stock @ethereumjs/evm', trivial, 100),
    benchRow({ name: 'module size, gzip, kB', measured: bytes / 1000, bound: 14, better: 'lower' }),
    benchRow({
      name: 'interpreter contract in JavaScript, times WebAssembly',
      measured: script / real.ours,
      bound: 15,
      better: 'lower',
      note: `${script.toFixed(0)} µs a call`,
    }),
  ]
}

type Figures = { readonly stock: number; readonly ours: number; readonly gas: bigint }

async function measure(workload: Workload, stockRuns: number, runs: number): Promise<Figures> {
  const stock = await stockEngine(workload)
  const evm = await createWasmEvm()
  workload.setUp(evm)
  const figures = await interleave(
    {
      stock: async () => {
        const start = performance.now()
        for (let i = 0; i < stockRuns; i++) await stock.run(callOf(workload, i))
        return ((performance.now() - start) * 1000) / stockRuns
      },
      ours: () => microsPerOperation(runs, () => repeat(evm, workload, runs)),
    },
    { rounds: 7 },
  )
  const { gasUsed } = evm.staticCall(callOf(workload, 0))
  return { stock: median(figures.stock), ours: median(figures.ours), gas: gasUsed }
}

async function scriptRuntime(): Promise<number> {
  const workload = interpreterWorkload()
  const evm = await createWasmEvm({ runtime: 'javascript' })
  workload.setUp(evm)
  repeat(evm, workload, 300)
  return microsPerOperation(300, () => repeat(evm, workload, 300))
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
