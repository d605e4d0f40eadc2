import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bytesToHex, createWasmEvm, type EvmEngine, type StaticCall, type WordInput } from '@freshet/evm'
import {
  addresses,
  encodeCall,
  installRealEngines,
  interpreterWorkload,
  openAnvil,
  openEdr,
  type RealEngine,
  type Workload,
} from '@freshet/evm/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, microsPerOperation } from '../measure.ts'
import { realOrderWorkload } from './real-order.ts'

const folder = fileURLToPath(new URL('../../.freshet/real-engines', import.meta.url))
const batchSize = 64

/** The WebAssembly interpreter against revm: in EDR, in anvil, and compiled to WebAssembly. */
export async function run(): Promise<readonly BenchRow[]> {
  if (!installRealEngines(folder)) return []
  const realOrder = await realOrderWorkload(batchSize)
  if (typeof realOrder === 'string') console.log(`evm/real-nodes: the real order is skipped: ${realOrder}`)
  return [
    ...(await againstNodes('interpreter contract', interpreterWorkload(batchSize))),
    ...(typeof realOrder === 'string'
      ? []
      : await againstNodes('real order', realOrder, realOrder.timestamp)),
    ...(await againstRevmInWasm()),
  ]
}

async function againstNodes(
  what: string,
  workload: Workload,
  timestamp?: number,
): Promise<readonly BenchRow[]> {
  const evm = await createWasmEvm({ tier: 'interpreter' })
  workload.setUp(evm)
  const [edr, anvil] = [await openEdr(folder, timestamp), await openAnvil(folder, timestamp)]
  for (const engine of [edr, anvil]) await prepare(engine, workload)
  const figures = await interleave(
    {
      ours: () => microsPerOperation(1000, () => repeat(evm, workload.calls, 1000)),
      edr: () => oneByOne(edr, workload, 150),
      anvil: () => oneByOne(anvil, workload, 150),
      anvilBatch: () => inBatches(anvil, workload, 5),
    },
    { rounds: 7 },
  )
  for (const engine of [edr, anvil]) engine.close()
  const ours = median(figures.ours)
  const row = (name: string, samples: readonly number[], bound: number): BenchRow => {
    const note = `${ours.toFixed(1)} µs against ${median(samples).toFixed(0)} µs`
    return benchRow({ name, measured: median(samples) / ours, bound, better: 'higher', note })
  }
  return [
    row(`${what}, times EDR in process`, figures.edr, 4),
    row(`${what}, times anvil, one at a time`, figures.anvil, 2.5),
    row(`${what}, times anvil in batches of 64`, figures.anvilBatch, 1.2),
  ]
}

async function prepare(engine: RealEngine, workload: Workload): Promise<void> {
  const prefix = engine.name === 'edr' ? 'hardhat' : 'anvil'
  const requests: (readonly [string, readonly unknown[]])[] = []
  workload.setUp({
    setCode: (address, code) => void requests.push([`${prefix}_setCode`, [address, hexOf(code)]]),
    setStorage: (address, slot, value) =>
      void requests.push([
        `${prefix}_setStorageAt`,
        [address, `0x${numberOf(slot).toString(16)}`, wordHex(numberOf(value))],
      ]),
    setBalance: () => {},
    setKnownEmpty: () => {},
    setComplete: () => {},
    setHook: () => {},
    setBlock: () => {},
  })
  for (const [method, params] of requests) await engine.request(method, params)
  const answer = await engine.request('eth_call', callParams(workload.calls[0]))
  if (typeof answer !== 'string' || answer.length < 200)
    throw new Error(`${engine.name} answers ${String(answer)}`)
}

async function oneByOne(engine: RealEngine, { calls }: Workload, runs: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < runs; i++) await engine.request('eth_call', callParams(calls[i % calls.length]))
  return ((performance.now() - start) * 1000) / runs
}

async function inBatches(engine: RealEngine, { calls }: Workload, rounds: number): Promise<number> {
  const requests = calls.map((call) => ['eth_call', callParams(call)] as const)
  const start = performance.now()
  for (let i = 0; i < rounds; i++) await engine.batch(requests)
  return ((performance.now() - start) * 1000) / (rounds * requests.length)
}

// Neither library is installed where the compiler could see its types.
type FloatLibrary = { readonly Float: { readonly parse: (text: string) => { readonly value: Float } } }
type Float = { readonly asHex: () => `0x${string}` } & Record<
  'add' | 'mul' | 'div' | 'min',
  (other: Float) => { readonly value: Float }
>

/** The same contract, run by revm in their module and by ours: `@rainlanguage/float` carries its bytecode. */
async function againstRevmInWasm(): Promise<readonly BenchRow[]> {
  const require = createRequire(join(folder, 'package.json'))
  const { Float } = require('@rainlanguage/float') as FloatLibrary
  const code = bytecodeIn(join(folder, 'node_modules/@rainlanguage/float/dist/cjs/float_wbg.json'))
  const evm = await createWasmEvm({ unknown: 'empty', maxCodeBytes: code.length, tier: 'interpreter' })
  evm.setCode(addresses.token, code)
  const [left, right] = [Float.parse('123.456').value, Float.parse('7.89').value]
  const rows: BenchRow[] = []
  for (const name of ['add', 'mul', 'div', 'min'] as const) {
    const data = encodeCall(`${name}(bytes32,bytes32)`, BigInt(left.asHex()), BigInt(right.asHex()))
    const call = { to: addresses.token, from: addresses.caller, data, gas: 1_000_000n }
    const expected = left[name](right).value.asHex()
    const got = bytesToHex(evm.staticCall(call).output)
    if (got !== expected) throw new Error(`${name}: theirs ${expected}, ours ${got}`)
    const figures = await interleave(
      {
        ours: () => microsPerOperation(5000, () => repeat(evm, [call], 5000)),
        theirs: () => microsPerOperation(1000, () => repeatFloat(() => left[name](right), 1000)),
      },
      { rounds: 7 },
    )
    const [ours, theirs] = [median(figures.ours), median(figures.theirs)]
    const note = `${ours.toFixed(2)} µs against ${theirs.toFixed(2)} µs`
    rows.push(
      benchRow({
        name: `Float ${name}, times revm in WebAssembly`,
        measured: theirs / ours,
        bound: 2,
        better: 'higher',
        note,
      }),
    )
  }
  return rows
}

/** Runtime code in a WebAssembly module: it starts as solc lets code start, and ends before its limit. */
function bytecodeIn(file: string): Uint8Array {
  const base64 = /[A-Za-z0-9+/]{100000,}={0,2}/.exec(readFileSync(file, 'utf8'))?.[0] ?? ''
  const module = Buffer.from(base64, 'base64')
  const start = module.indexOf(Buffer.from('608060405234', 'hex'))
  if (start < 0) throw new Error('no bytecode where it was expected')
  return module.subarray(start, start + 24_576)
}

function repeat(evm: EvmEngine, calls: readonly StaticCall[], runs: number): void {
  for (let i = 0; i < runs; i++) {
    const call = calls[i % calls.length]
    if (call !== undefined) evm.staticCall(call)
  }
}

function repeatFloat(operation: () => unknown, runs: number): void {
  for (let i = 0; i < runs; i++) operation()
}

function callParams(call: StaticCall | undefined): readonly unknown[] {
  if (call === undefined) throw new RangeError('a workload without calls')
  const { from, to, data, gas } = call
  return [{ from, to, data: hexOf(data), gas: `0x${gas.toString(16)}`, gasPrice: '0x0' }, 'latest']
}

function hexOf(bytes: Uint8Array | `0x${string}`): `0x${string}` {
  return typeof bytes === 'string' ? bytes : bytesToHex(bytes)
}

function numberOf(word: WordInput): bigint {
  return typeof word === 'bigint' ? word : BigInt(hexOf(word))
}

function wordHex(value: bigint): `0x${string}` {
  return `0x${value.toString(16).padStart(64, '0')}`
}
