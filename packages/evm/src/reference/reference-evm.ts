import { Common, Hardfork as Forks, Mainnet } from '@ethereumjs/common'
import { createEVM, EVMError, type EVM, type EVMOpts } from '@ethereumjs/evm'
import { Address } from '@ethereumjs/util'
import {
  bytesToBigInt,
  bytesToHex,
  toAddressBytes,
  toBytes,
  toWordBytes,
  type BytesInput,
  type Hex,
  type WordInput,
} from '../bytes.ts'
import { checkCall, checkCode } from '../check-call.ts'
import {
  maxCodeBytes,
  type AsyncEvmEngine,
  type BlockEnv,
  type EngineOptions,
  type EvmResult,
  type Hook,
  type ReadSet,
  type StaticCall,
} from '../engine.ts'
import { FlatState, MissingSignal } from './flat-state.ts'

const forks = { cancun: Forks.Cancun, prague: Forks.Prague, osaka: Forks.Osaka } as const
const warmGas = 100n
const coldAccountGas = 2600n

type BlockReads = { time: boolean; number: boolean; block: boolean }
type CustomOpcode = NonNullable<EVMOpts['customOpcodes']>[number]
type AddedOpcode = Extract<CustomOpcode, { logicFunction: unknown }>
type LogicFunction = AddedOpcode['logicFunction']
type GasFunction = NonNullable<AddedOpcode['gasFunction']>
type RunState = Parameters<LogicFunction>[0]

/** Thrown through the engine where a hook declines. */
class UnsupportedSignal extends Error {}

/** See {@link createReferenceEvm}, which loads this module, and with it the engine, when it is needed. */
export async function makeReferenceEvm(options: EngineOptions): Promise<AsyncEvmEngine> {
  const codeLimit = options.maxCodeBytes ?? maxCodeBytes
  const hooks = new Map<Hex, Hook>()
  const blockReads: BlockReads = { time: false, number: false, block: false }
  const precompiles = new Set<Hex>()
  const state = new FlatState(options.unknown ?? 'missing', (address) => precompiles.has(address))
  let env: BlockEnv = { number: 0n, timestamp: 0n, chainId: 1n }
  let evm: EVM | undefined

  for (const address of (await newEvm()).precompiles.keys()) precompiles.add(`0x${address}`)

  function newEvm(): Promise<EVM> {
    const chain = { ...Mainnet, chainId: Number(env.chainId) }
    const common = new Common({ chain, hardfork: forks[options.hardfork ?? 'osaka'] })
    // The engine asks its blockchain for nothing but the hash of a block by number.
    const blockchain = {
      getBlock: async (number: number) => ({ hash: () => blockHash(env, BigInt(number), blockReads) }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    }
    return createEVM({
      common,
      stateManager: state,
      blockchain,
      customPrecompiles: [...hooks].map(([address, hook]) => hookAsPrecompile(address, hook, state)),
      customOpcodes: accountOpcodes(state),
    })
  }

  function block() {
    return { header: blockHeader(env, blockReads) }
  }

  async function staticCall(call: StaticCall): Promise<EvmResult> {
    const { data, gas, gasPrice, blobHashes } = checkCall(call)
    const [to, from] = [toAddressBytes(call.to), toAddressBytes(call.from)]
    evm ??= await newEvm()
    await evm.journal.cleanup()
    for (const warm of [...precompiles, bytesToHex(from), bytesToHex(to), coinbase(env)])
      evm.journal.addAlwaysWarmAddress(warm)
    state.startReads()
    blockReads.time = blockReads.number = blockReads.block = false
    try {
      const { execResult } = await evm.runCall({
        to: new Address(to),
        caller: new Address(from),
        data,
        gasLimit: gas,
        isStatic: true,
        skipNonceIncrement: true,
        gasPrice: gasPrice === undefined ? 0n : bytesToBigInt(gasPrice),
        block: block(),
        blobVersionedHashes: blobHashes.map((hash) => bytesToHex(hash)),
      })
      const error = execResult.exceptionError?.error
      // A precompile that fails is called a revert by this engine, and uses all gas like any halt.
      const reverted = error === 'revert' && !precompiles.has(bytesToHex(to))
      const status = error === undefined ? 'ok' : reverted ? 'revert' : 'halt'
      const output = status === 'halt' ? new Uint8Array(0) : execResult.returnValue.slice()
      return { status, output, gasUsed: execResult.executionGasUsed, reads: reads() }
    } catch (error) {
      evm = undefined
      const nothing = { output: new Uint8Array(0), gasUsed: 0n, reads: reads() }
      if (error instanceof MissingSignal) return { ...nothing, status: 'missing', missing: error.missing }
      return {
        ...nothing,
        status: 'unsupported',
        reason: error instanceof Error ? error.message : String(error),
      }
    }
  }

  function reads(): ReadSet {
    return { ...blockReads, slots: [...state.slots.values()], accounts: [...state.accounts] }
  }

  return {
    name: 'ethereumjs',
    staticCall,
    setCode: (address, code) => state.setCode(address, checkCode(code, codeLimit).slice()),
    setBalance: (address, balance) => {
      toWordBytes(balance, 'balance')
      state.setBalance(address, balance)
    },
    setStorage: (address: BytesInput, slot: WordInput, value: WordInput) =>
      state.setStorage(address, slot, toWordBytes(value, 'value').slice()),
    setKnownEmpty: (address) => state.setKnownEmpty(address),
    setComplete: (address) => state.setComplete(address),
    setHook: (address, hook) => {
      const hex = bytesToHex(toAddressBytes(address))
      if (hook === undefined) hooks.delete(hex)
      else hooks.set(hex, hook)
      state.setHooked(address, hook !== undefined)
      evm = undefined
    },
    setBlock: (next) => {
      if (next.chainId !== env.chainId) evm = undefined
      env = next
    },
  }
}

function coinbase(env: BlockEnv): Hex {
  return env.coinbase === undefined
    ? `0x${'00'.repeat(20)}`
    : bytesToHex(toAddressBytes(env.coinbase, 'coinbase'))
}

/** A header that notes which of its fields were asked for. */
function blockHeader(env: BlockEnv, reads: BlockReads) {
  return {
    get number() {
      reads.number = true
      return env.number
    },
    get timestamp() {
      reads.time = true
      return env.timestamp
    },
    get coinbase() {
      reads.block = true
      return new Address(toBytes(coinbase(env), 'coinbase'))
    },
    difficulty: 0n,
    get prevRandao() {
      reads.block = true
      return toWordBytes(env.prevRandao ?? 0n, 'prevRandao')
    },
    get gasLimit() {
      reads.block = true
      return env.gasLimit ?? 0n
    },
    get baseFeePerGas() {
      reads.block = true
      return env.baseFee ?? 0n
    },
    getBlobGasPrice() {
      reads.block = true
      return env.blobBaseFee ?? 0n
    },
  }
}

function blockHash(env: BlockEnv, number: bigint, reads: BlockReads): Uint8Array {
  const hash = env.blockHashes?.get(number)
  if (hash === undefined) throw new MissingSignal({ kind: 'block-hash', number })
  reads.block = true
  return toWordBytes(hash, 'block hash')
}

function hookAsPrecompile(address: Hex, hook: Hook, state: FlatState) {
  return {
    address,
    function: ({ data, gasLimit }: { readonly data: Uint8Array; readonly gasLimit: bigint }) => {
      state.accounts.add(address)
      const answer = hook({ data: data.slice(), gas: gasLimit })
      if (answer === undefined) throw new UnsupportedSignal(`the hook at ${address} did not answer`)
      const executionGasUsed = answer.gasUsed ?? 0n
      if (executionGasUsed > gasLimit) {
        const exceptionError = new EVMError(EVMError.errorMessages.OUT_OF_GAS)
        return { executionGasUsed: gasLimit, returnValue: new Uint8Array(0), exceptionError }
      }
      if (answer.status === 'ok') return { executionGasUsed, returnValue: answer.output }
      const exceptionError = new EVMError(EVMError.errorMessages.REVERT)
      return { executionGasUsed, returnValue: answer.output, exceptionError }
    },
  }
}

/**
 * BALANCE, SELFBALANCE and EXTCODEHASH over our state, because the engine asks for whole accounts at many places
 * and could not tell us which of them the contract looked at.
 */
function accountOpcodes(state: FlatState): CustomOpcode[] {
  const access: GasFunction = async (runState, gas) => {
    const [word = 0n] = runState.stack.peek()
    const address = toBytes(addressOfWord(word), 'address')
    const { journal } = runState.interpreter
    if (journal.isWarmedAddress(address)) return gas + warmGas
    journal.addWarmedAddress(address)
    return gas + coldAccountGas
  }
  const push =
    (read: (runState: RunState) => bigint): LogicFunction =>
    (runState) =>
      runState.stack.push(read(runState))
  return [
    {
      opcode: 0x31,
      opcodeName: 'BALANCE',
      baseFee: 0,
      gasFunction: access,
      logicFunction: push(({ stack }) => state.readBalance(addressOfWord(stack.pop()))),
    },
    {
      opcode: 0x3f,
      opcodeName: 'EXTCODEHASH',
      baseFee: 0,
      gasFunction: access,
      logicFunction: push(({ stack }) => state.readCodeHash(addressOfWord(stack.pop()))),
    },
    {
      opcode: 0x47,
      opcodeName: 'SELFBALANCE',
      baseFee: 5,
      logicFunction: push(({ interpreter }) => state.readBalance(bytesToHex(interpreter.getAddress().bytes))),
    },
  ]
}

function addressOfWord(word: bigint): Hex {
  return `0x${(word & ((1n << 160n) - 1n)).toString(16).padStart(40, '0')}`
}
