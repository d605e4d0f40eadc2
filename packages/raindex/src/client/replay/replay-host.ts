import type { AsyncEvmEngine, EvmEngine, EvmResult, ReadSet } from '@freshet/evm'
import {
  createEvmInterpreter,
  type Address,
  type EvaluationHost,
  type EvmInterpreterOptions,
  type Orderbook,
  type StaticCodeCache,
} from '../../engine/index.ts'
import { stackTracer } from '../../engine/evm-interpreter.ts'

/** What programs looked at beside the order book's state. */
export type Looks = {
  readonly time: boolean
  readonly number: boolean
  /** Any other field of the block. */
  readonly block: boolean
  /** Another contract's words or answers, which are not of the time replayed. */
  readonly others: boolean
}

/** Evaluates, one call at a time, and tells what was looked at. */
export interface ReplayHost extends EvaluationHost {
  /** What the evaluations since the last call of this looked at. */
  takeLooks(): Looks
}

export type ReplayHostOptions = Omit<EvmInterpreterOptions, 'orderbook'> & { readonly orderbook: Orderbook }

/** Runs orders' programs on an EVM, which tells what each call has read. */
export function createReplayHost(options: ReplayHostOptions): ReplayHost {
  const { engine, cache, orderbook } = options
  let looks = noLooks
  const isOnlyCode = createCodeTest(cache)
  const note = (result: EvmResult): EvmResult => {
    looks = union(looks, result.reads, isOnlyCode)
    return result
  }
  const observed = observedEngine(engine, note)
  const interpreter = createEvmInterpreter({ ...options, engine: observed, orderbook: orderbook.address })
  return {
    orderbook,
    interpreter,
    takeLooks() {
      const taken = looks
      looks = noLooks
      return taken
    },
  }
}

const noLooks: Looks = { time: false, number: false, block: false, others: false }

function union(before: Looks, reads: ReadSet, isOnlyCode: (account: Address) => boolean): Looks {
  return {
    time: before.time || reads.time,
    number: before.number || reads.number,
    block: before.block || reads.block,
    others: before.others || reads.slots.length > 0 || reads.accounts.some((at) => !isOnlyCode(at)),
  }
}

/**
 * Tells accounts that are nothing but code, which never changes: interpreters, stores, whose words the state holds,
 * tables, precompiles.
 */
function createCodeTest(cache: StaticCodeCache): (account: Address) => boolean {
  const known = new Set<Address>([stackTracer])
  return (account) => {
    if (known.has(account)) return true
    const isCode =
      BigInt(account) <= lastPrecompile || codeKinds.some((kind) => cache.isReady({ kind, address: account }))
    if (isCode) known.add(account)
    return isCode
  }
}

const codeKinds = ['Interpreter', 'Store', 'Aux'] as const

/** P256VERIFY, the highest (EIP-7951). */
const lastPrecompile = 0x100n

/** The engine as it is, with an eye on its results. */
function observedEngine(
  engine: EvmEngine | AsyncEvmEngine,
  note: (result: EvmResult) => EvmResult,
): EvmEngine | AsyncEvmEngine {
  const { name } = engine
  // The methods of an engine belong to its object.
  const state = {
    setCode: engine.setCode.bind(engine),
    setBalance: engine.setBalance.bind(engine),
    setStorage: engine.setStorage.bind(engine),
    setKnownEmpty: engine.setKnownEmpty.bind(engine),
    setComplete: engine.setComplete.bind(engine),
    setHook: engine.setHook.bind(engine),
    setBlock: engine.setBlock.bind(engine),
  }
  const staticCall = (call: Parameters<EvmEngine['staticCall']>[0]): EvmResult | Promise<EvmResult> => {
    const result = engine.staticCall(call)
    return result instanceof Promise ? result.then(note) : note(result)
  }
  // It answers at once exactly where the engine behind it does.
  return { name, ...state, staticCall } as EvmEngine | AsyncEvmEngine
}
