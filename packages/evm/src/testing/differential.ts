import { bytesToHex, toWordBytes, type Hex } from '../bytes.ts'
import type {
  AsyncEvmEngine,
  BlockEnv,
  EvmEngine,
  EvmResult,
  Hardfork,
  Hook,
  StaticCall,
  UnknownState,
} from '../engine.ts'
import { createReferenceEvm } from '../reference/create-reference.ts'
import { createWasmEvm, type WasmEvmOptions } from '../wasm/wasm-evm.ts'
import { breakRule } from './broken-engine.ts'
import { caller, coinbase, contracts, delegator, hooked, nobody, wallet, type Program } from './program.ts'

/** How two engines answered one call differently. */
export type Difference = {
  readonly gas: bigint
  readonly what: string
  readonly expected: string
  readonly got: string
}

/**
 * Both engines over the same world. `completed` is the reference where unknown state is empty: a call that did
 * not stop for missing state must end as it would in any world that has what is missing.
 */
export type Pair = {
  readonly tested: EvmEngine
  readonly reference: AsyncEvmEngine
  readonly completed: AsyncEvmEngine
  /** Whether the tested engine compiles contracts. */
  readonly isCompiled: boolean
}

/** How the tested engine is made, and which rule it breaks on purpose. */
export type PairOptions = {
  readonly engine?: WasmEvmOptions | undefined
  readonly without?: string | undefined
}

/** Engines by fork and by what they assume of unknown state; remade so that old code does not pile up. */
export class Pairs {
  readonly #options: PairOptions
  readonly #pairs = new Map<string, Promise<Pair>>()
  #runs = 0

  constructor(options: PairOptions = {}) {
    this.#options = options
  }

  /** Programs before the engines are remade. */
  readonly #lifetime = 20_000

  for(program: Program): Promise<Pair> {
    if (++this.#runs % this.#lifetime === 0) this.#pairs.clear()
    const key = `${program.fork} ${program.unknown}`
    let pair = this.#pairs.get(key)
    if (pair === undefined) {
      pair = makePair(program.fork, program.unknown, this.#options)
      this.#pairs.set(key, pair)
    }
    return pair
  }
}

/** Runs a program on both engines; the first difference, if any. */
export async function compare(pair: Pair, program: Program): Promise<Difference | undefined> {
  program.codes.forEach((code, index) => {
    const address = contracts[index] ?? contracts[0]
    pair.tested.setCode(address, code)
    pair.reference.setCode(address, code)
    if (pair.completed !== pair.reference) pair.completed.setCode(address, code)
  })
  const call = {
    to: contracts[0],
    from: caller,
    data: program.data,
    gas: program.gas,
    gasPrice: 7n,
    blobHashes: [9n],
  }
  const got = pair.tested.staticCall(call)
  const difference = await compareResult(pair, program, call, got)
  if (difference !== undefined || !program.edges) return difference
  for (const gas of edgesOf(got.gasUsed)) {
    const atEdge = { ...call, gas }
    const found = await compareResult(pair, program, atEdge, pair.tested.staticCall(atEdge))
    if (found !== undefined) return found
  }
  return undefined
}

async function compareResult(pair: Pair, program: Program, call: StaticCall, got: EvmResult) {
  if (got.status === 'unsupported') return undefined
  // Before Prague the code of a callee is not needed for a call that is refused; we ask for it all the same.
  if (got.status === 'missing' && program.fork === 'cancun') return undefined
  const oracle = got.status === 'missing' ? pair.reference : pair.completed
  const expected = await oracle.staticCall(call)
  // CALLCODE with value: the reference takes an unknown balance for zero.
  if (got.status === 'missing' && got.missing.kind === 'balance' && expected.status !== 'missing')
    return undefined
  const [left, right] = [describe(expected, program), describe(got, program)]
  const mayReadLess = pair.isCompiled ? ['accounts', 'slots', 'block'] : ['accounts']
  const what = Object.keys(left).find((key) =>
    mayReadLess.includes(key) ? !includes(left[key], right[key]) : left[key] !== right[key],
  )
  if (what === undefined) return undefined
  return { gas: call.gas, what, expected: left[what] ?? '', got: right[what] ?? '' }
}

/**
 * The reference looks at the target of a call before it knows whether there is gas for it, and compiled code halts
 * before a block that gas does not pay: both are right to read what they read, and the reference reads more.
 */
function includes(expected = '', got = ''): boolean {
  const known = expected.split(', ')
  return got.split(', ').every((item) => item === '' || known.includes(item))
}

type Facts = Readonly<Record<string, string>>

/**
 * What must be equal, as text. What is missing first is not: the reference looks at the target of a call before it
 * knows whether there is gas for it.
 */
function describe(result: EvmResult, program: Program): Facts {
  const { reads } = result
  const facts: Record<string, string> = {
    status: result.status === 'unsupported' ? `unsupported, ${result.reason}` : result.status,
    gas: String(result.gasUsed),
    output: bytesToHex(result.output),
  }
  if (result.status === 'missing' || program.fork === 'cancun') return facts
  facts['block'] = (['time', 'number', 'block'] as const).filter((field) => reads[field]).join(', ')
  facts['slots'] = reads.slots
    .map((slot) => slot.join(' '))
    .toSorted()
    .join(', ')
  facts['accounts'] = reads.accounts.filter(isComparable).toSorted().join(', ')
  return facts
}

/** The reference cannot tell whether a contract looked at precompiles. */
function isComparable(address: Hex): boolean {
  return BigInt(address) > 0x100n
}

/** Gas values where something changes: at, above and below what was used, and on the way there. */
function edgesOf(used: bigint): readonly bigint[] {
  const edges = [used - 2n, used - 1n, used, used + 1n]
  for (let i = 1n; i < 8n; i++) edges.push((used * i) / 8n)
  if (used < 60n) for (let gas = 0n; gas < used; gas++) edges.push(gas)
  return edges.filter((gas) => gas >= 0n)
}

const echo: Hook = ({ data }) => ({
  status: data.length % 7 === 0 ? 'revert' : 'ok',
  output: data,
  gasUsed: 30n,
})

const block: BlockEnv = {
  number: 500n,
  timestamp: 1_700_000_000n,
  chainId: 10n,
  baseFee: 12n,
  blobBaseFee: 13n,
  gasLimit: 30_000_000n,
  coinbase,
  prevRandao: 2n ** 255n + 7n,
  blockHashes: new Map(
    Array.from({ length: 256 }, (_, index) => [BigInt(244 + index), BigInt(index) + 2n ** 200n]),
  ),
}

async function makePair(hardfork: Hardfork, unknown: UnknownState, options: PairOptions): Promise<Pair> {
  const tested = breakRule(
    await createWasmEvm({ tier: 'interpreter', ...options.engine, hardfork, unknown }),
    options.without,
  )
  const reference = await createReferenceEvm({ hardfork, unknown })
  const completed = unknown === 'empty' ? reference : await createReferenceEvm({ hardfork, unknown: 'empty' })
  for (const engine of new Set([tested, reference, completed])) {
    engine.setBlock(block)
    for (const address of contracts) {
      engine.setBalance(address, 100n)
      for (let slot = 0n; slot < 4n; slot++)
        engine.setStorage(address, slot, toWordBytes(slot * 2n ** 240n + 5n, 'value'))
    }
    engine.setComplete(contracts[0])
    engine.setBalance(wallet, 77n)
    engine.setKnownEmpty(nobody)
    engine.setCode(delegator, `0xef0100${contracts[1].slice(2)}`)
    engine.setHook(hooked, echo)
  }
  return { tested, reference, completed, isCompiled: options.engine?.tier === 'compiled' }
}
