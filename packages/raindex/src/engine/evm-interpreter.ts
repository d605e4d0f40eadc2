import {
  bytesToHex,
  type AsyncEvmEngine,
  type EvmEngine,
  type EvmResult,
  type HookResult,
} from '@freshet/evm'
import { hexToBytes } from '@noble/hashes/utils.js'
import type { StaticCodeCache } from './code-cache.ts'
import { decodeEval, encodeEval } from './eval-call.ts'
import type { Address, Hex } from './hex.ts'
import { keccakOfBytes } from './keccak.ts'
import type { ClockReads, Evaluation, EvaluationGap, EvaluationResult, Interpreter } from './interpreter.ts'
import type { Evaluable } from './order.ts'
import type { EnvRow } from './tables.ts'

/** Of `get(uint256,bytes32)`. */
const getSelector = '295f36d7'
const defaultGasLimit = 5_000_000n

/**
 * Where interpreters of Rain send their stack for a debugger to see: every
 * evaluation calls it, and no code is ever deployed there.
 */
export const stackTracer: Address = `0x${keccakOfBytes(new TextEncoder().encode('rain.interpreter.stack-tracer.0')).slice(-40)}`

export type EvmInterpreterOptions = {
  /** Used for nothing else: its accounts, hooks and block are set here. What is not loaded must be `missing` in it, as by default. */
  readonly engine: EvmEngine | AsyncEvmEngine
  readonly cache: StaticCodeCache
  readonly chainId: bigint
  /** Who calls interpreters. */
  readonly orderbook: Address
  /** Gas of one evaluation. Default 5 million. */
  readonly gasLimit?: bigint | undefined
}

/**
 * Runs orders' programs on an EVM with the code of a cache.
 *
 * Stores are answered from the state, never run. What the programs look at
 * beyond the cache makes the result unavailable: it is never silently zero.
 * Evaluations on an engine that answers later wait for each other.
 */
export function createEvmInterpreter(options: EvmInterpreterOptions): Interpreter {
  const { engine, cache, chainId, orderbook, gasLimit = defaultGasLimit } = options
  const stores = new Set<Address>()
  engine.setKnownEmpty(stackTracer)
  /** Programs whose code is loaded and whose store is hooked. */
  const ready = new WeakSet<Evaluable>()
  let loaded = 0
  let block: EnvRow | undefined
  let current: Evaluation | undefined
  /** The last evaluation of an engine that answers later, while there is one. */
  let queue: Promise<unknown> | undefined

  const enqueue = (work: () => EvaluationResult | Promise<EvaluationResult>): Promise<EvaluationResult> => {
    const turn = queue === undefined ? Promise.resolve(work()) : queue.then(work)
    const settled: Promise<unknown> = turn
      .catch(() => undefined)
      .then(() => {
        if (queue === settled) queue = undefined
      })
    queue = settled
    return turn
  }
  const answerStore = (data: Uint8Array): HookResult | undefined => {
    const call = bytesToHex(data).slice(2)
    if (current === undefined || call.length !== 8 + 128 || !call.startsWith(getSelector)) return undefined
    // Another namespace is nobody's business here; the interpreters of Rain do not ask for one.
    if (`0x${call.slice(8, 72)}` !== current.fqn) return undefined
    return { status: 'ok', output: hexToBytes(current.readWord(`0x${call.slice(72)}`).slice(2)) }
  }
  const load = ({ evaluable, env }: Evaluation): EvaluationGap | undefined => {
    if (env !== block) {
      engine.setBlock({ number: BigInt(env.blockNumber), timestamp: BigInt(env.timestamp), chainId })
      block = env
    }
    if (loaded === cache.size && ready.has(evaluable)) return undefined
    const { interpreter, store } = evaluable
    if (loaded < cache.size) {
      for (const { kind, address, bytecode } of cache.artifacts().slice(loaded)) {
        if (kind !== 'Store') engine.setCode(address, bytecode)
      }
      loaded = cache.size
    }
    if (!cache.isReady({ kind: 'Interpreter', address: interpreter })) {
      return { kind: 'MissingBytecode', address: interpreter, codeKind: 'Interpreter' }
    }
    if (!cache.isReady({ kind: 'Store', address: store })) {
      return { kind: 'MissingBytecode', address: store, codeKind: 'Store' }
    }
    if (!stores.has(store)) {
      engine.setHook(store, ({ data }) => answerStore(data))
      stores.add(store)
    }
    ready.add(evaluable)
    return undefined
  }
  const run = (evaluation: Evaluation): EvaluationResult | Promise<EvaluationResult> => {
    const gap = load(evaluation)
    if (gap !== undefined) return { kind: 'unavailable', reason: gap }
    current = evaluation
    const data = encodeEval(evaluation)
    const result = engine.staticCall({
      to: evaluation.evaluable.interpreter,
      from: orderbook,
      data,
      gas: gasLimit,
    })
    return result instanceof Promise
      ? result.then((later) => toResult(later, gasLimit))
      : toResult(result, gasLimit)
  }
  return {
    evaluate(evaluation) {
      if (queue !== undefined) return enqueue(() => run(evaluation))
      const result = run(evaluation)
      return result instanceof Promise ? enqueue(() => result) : result
    },
  }
}

function toResult(result: EvmResult, gasLimit: bigint): EvaluationResult {
  switch (result.status) {
    case 'ok':
      return toWords(bytesToHex(result.output), clockOf(result))
    case 'revert':
      return { kind: 'revert', data: bytesToHex(result.output), clock: clockOf(result) }
    case 'halt':
      return { kind: 'unavailable', reason: { kind: 'GasExhausted', gasLimit } }
    case 'missing': {
      const { missing } = result
      if (missing.kind !== 'block-hash')
        return unavailable({ kind: 'ExternalAccount', address: missing.address })
      return unavailable({ kind: 'HostFault', message: `The hash of block ${missing.number} is not known.` })
    }
    case 'unsupported':
      return unavailable({ kind: 'HostFault', message: result.reason })
  }
}

/** What is no answer of an interpreter reverts without data, as decoding it does on chain. */
function toWords(output: Hex, clock: ClockReads): EvaluationResult {
  try {
    return { kind: 'ok', ...decodeEval(output), clock }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'revert', data: '0x', clock }
    throw error
  }
}

/** Other fields of the block are the same for all blocks here. */
function clockOf({ reads: { time, number } }: EvmResult): ClockReads {
  return { time, number }
}

function unavailable(reason: EvaluationGap): EvaluationResult {
  return { kind: 'unavailable', reason }
}
