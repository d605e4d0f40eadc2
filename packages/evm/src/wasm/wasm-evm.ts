import {
  bytesToHex,
  toAddressBytes,
  toBytes,
  toWordBytes,
  type BytesInput,
  type Hex,
  type WordInput,
} from '../bytes.ts'
import { checkCode, checkGas } from '../check-call.ts'
import { ContractTier, createContractTable, type ContractTable } from '../compile/contract-tier.ts'
import {
  maxCodeBytes,
  type BlockEnv,
  type EngineOptions,
  type EvmEngine,
  type EvmResult,
  type Hardfork,
  type Hook,
  type StaticCall,
} from '../engine.ts'
import { EvmError } from '../errors.ts'
import { precompilesOf } from '../precompiles/precompile.ts'
import { loadEvmModule, type EvmModule, type Runtime } from './evm-module.ts'
import { ModuleMemory } from './module-memory.ts'
import { ResultReader } from './result-reader.ts'
import { WasmHost } from './wasm-host.ts'

/** Options of {@link createWasmEvm}. */
export type WasmEvmOptions = EngineOptions & {
  /**
   * `compiled` translates every contract to WebAssembly when it is set, `auto` in the background when it has run often,
   * `interpreter` never. Without WebAssembly everything is interpreted. Default `auto`.
   */
  readonly tier?: 'auto' | 'compiled' | 'interpreter' | undefined
  /** Default `auto`. */
  readonly runtime?: Runtime | undefined
  /**
   * Most bytes that one call may use for contract memory, frames and return data; a call that needs more ends
   * `unsupported`. Default 256 MiB, which no call of up to 30 million gas reaches.
   */
  readonly memoryLimitBytes?: number | undefined
  /** Where the hashes of the tables start, so that strangers cannot choose slots that collide. Default random. */
  readonly hashSeed?: bigint | undefined
}

const forkNumbers: Readonly<Record<Hardfork, number>> = { cancun: 0, prague: 1, osaka: 2 }
const defaultMemoryLimit = 256 * 1024 * 1024

/** Code shown by an account that has a hook and none of its own: INVALID. */
const hookCode = Uint8Array.of(0xfe)

/** Data of nearly all calls. */
const leastDataRoom = 4096

/** Compiling takes as long as some hundred runs. */
const runsUntilHot = 200

/** Order of assembly/environment.ts. */
const gasPriceWord = 8

/**
 * Makes an engine that interprets bytecode in WebAssembly: synchronous, one per thread, the same in Node, a
 * browser tab and a worker.
 *
 * @throws {EvmError} `evm/no-wasm`: `runtime: 'wasm'` where WebAssembly is forbidden. Use `auto`.
 * @throws {EvmError} `evm/out-of-memory`: no memory for the tables. Free some, or make fewer engines.
 */
export async function createWasmEvm(options: WasmEvmOptions = {}): Promise<EvmEngine> {
  const contracts = options.tier === 'interpreter' ? undefined : contractTable(options.runtime)
  const fork = options.hardfork ?? 'osaka'
  const host = new WasmHost(fork, contracts?.run)
  const { module, runtime } = await loadEvmModule(host, options.runtime ?? 'auto')
  host.attach(module)
  const tier = contracts === undefined ? undefined : new ContractTier(module, contracts.table, fork)
  return new WasmEvm(runtime, module, host, tier, options)
}

/** Undefined where WebAssembly is not to be had, and so there is nothing to compile to. */
function contractTable(runtime: Runtime | undefined): ContractTable | undefined {
  if (runtime === 'javascript') return undefined
  try {
    return createContractTable()
  } catch {
    return undefined
  }
}

/** A class, because a call is hot and its fields are many. */
class WasmEvm implements EvmEngine {
  readonly name: string
  readonly #module: EvmModule
  readonly #host: WasmHost
  readonly #tier: ContractTier | undefined
  readonly #compileAtOnce: boolean
  readonly #memory: ModuleMemory
  readonly #reader: ResultReader
  readonly #codeLimit: number
  /** Entries of known accounts by every spelling of their address that was used. */
  readonly #entries = new Map<string, number>()
  readonly #addresses: Hex[] = []
  #slots = 0
  #from: BytesInput | undefined
  #gasPrice = 0n
  #running = false
  /** Where the data of a call goes, and how much fits; 0 when something was set since that was asked. */
  #dataAt = 0
  #dataRoom = 0

  constructor(
    name: string,
    module: EvmModule,
    host: WasmHost,
    tier: ContractTier | undefined,
    options: WasmEvmOptions,
  ) {
    const fork = options.hardfork ?? 'osaka'
    this.name = name
    this.#module = module
    this.#host = host
    this.#tier = tier
    this.#compileAtOnce = options.tier === 'compiled'
    this.#memory = new ModuleMemory(module)
    this.#reader = new ResultReader(module, this.#addresses)
    this.#codeLimit = options.maxCodeBytes ?? maxCodeBytes
    module.setMemoryLimit(options.memoryLimitBytes ?? defaultMemoryLimit)
    const seed = options.hashSeed ?? crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n
    const [low, high] = [Number(seed & 0xffffffffn), Number((seed >> 32n) & 0xffffffffn)]
    const made = module.init(low, high, options.unknown === 'empty' ? 1 : 0, forkNumbers[fork])
    if (made === 0) throw outOfMemory()
    if (tier !== undefined && !this.#compileAtOnce) module.setHotAfter(runsUntilHot)
    for (const number of precompilesOf(fork)) {
      const address = toWordBytes(BigInt(number), 'number').subarray(12)
      module.setPrecompile(this.#entryOf(address), number)
    }
    this.setBlock({ number: 0n, timestamp: 0n, chainId: 1n })
  }

  setCode(address: BytesInput, code: BytesInput): void {
    const bytes = checkCode(code, this.#codeLimit)
    const entry = this.#changing(address)
    this.#stage(bytes)
    this.#module.setCode(entry)
    if (this.#compileAtOnce) this.#tier?.compile(this.#module.codeOf(entry))
  }

  setBalance(address: BytesInput, balance: bigint): void {
    const word = toWordBytes(balance, 'balance')
    const entry = this.#changing(address)
    this.#memory.writeScratch(word)
    this.#module.setBalance(entry)
  }

  setStorage(address: BytesInput, slot: WordInput, value: WordInput): void {
    const key = toWordBytes(slot, 'slot')
    const word = toWordBytes(value, 'value')
    const entry = this.#changing(address)
    this.#memory.writeScratch(key)
    const at = this.#module.slot(entry, this.#slots)
    if (at === 0) throw outOfMemory()
    this.#slots++
    this.#memory.writeScratch(word)
    this.#module.setSlot(at)
  }

  setKnownEmpty(address: BytesInput): void {
    this.#module.setKnownEmpty(this.#changing(address))
  }

  setComplete(address: BytesInput): void {
    this.#module.setComplete(this.#changing(address))
  }

  setHook(address: BytesInput, hook: Hook | undefined): void {
    const entry = this.#changing(address)
    this.#host.setHook(this.#reader.idOf(entry), hook)
    this.#stage(hookCode)
    this.#module.setHook(entry, hook === undefined ? 0 : 1)
  }

  setBlock(env: BlockEnv): void {
    this.#refuseReentry()
    // In the order of assembly/environment.ts; everything is checked before anything is set.
    const words = [
      toWordBytes(env.number, 'number'),
      toWordBytes(env.timestamp, 'timestamp'),
      toWordBytes(env.chainId, 'chainId'),
      toWordBytes(env.baseFee ?? 0n, 'baseFee'),
      toWordBytes(env.blobBaseFee ?? 0n, 'blobBaseFee'),
      toWordBytes(env.gasLimit ?? 0n, 'gasLimit'),
      env.coinbase === undefined ? toWordBytes(0n, 'coinbase') : addressWord(env.coinbase, 'coinbase'),
      toWordBytes(env.prevRandao ?? 0n, 'prevRandao'),
    ]
    words.forEach((word, index) => this.#setEnvironment(index, word))
    this.#host.blockHashes = env.blockHashes
  }

  staticCall(call: StaticCall): EvmResult {
    this.#refuseReentry()
    const gas = Number(checkGas(call.gas))
    const data = toBytes(call.data, 'data')
    if (call.from !== this.#from || typeof call.from !== 'string') this.#setFrom(call.from)
    const to = this.#setTo(call.to)
    if ((call.gasPrice ?? 0n) !== this.#gasPrice) this.#setGasPrice(call.gasPrice ?? 0n)
    this.#host.blobHashes = call.blobHashes

    if (data.length > this.#dataRoom) {
      const room = Math.max(data.length, leastDataRoom)
      this.#dataAt = this.#module.dataAt(room)
      if (this.#dataAt === 0) return this.#reader.tooMuchData()
      this.#dataRoom = room
    }
    this.#memory.write(data, this.#dataAt)
    const status = this.#run(data.length, to, gas)
    const result = this.#reader.read(status)
    // Only now: it takes memory where the output was.
    const hot = this.#reader.hotCode()
    if (hot !== 0) {
      void this.#tier?.compileLater(hot)
      this.#dataRoom = 0
    }
    return result
  }

  #run(size: number, to: number, gas: number): number {
    this.#running = true
    try {
      return this.#module.run(size, to, gas)
    } catch (cause) {
      this.#module.recover()
      const message = 'the interpreter trapped, which is a defect of this package; the engine stays usable'
      throw new EvmError(message, { code: 'evm/trap', kind: 'internal', cause })
    } finally {
      this.#running = false
      this.#host.rethrow()
    }
  }

  #setFrom(from: BytesInput): void {
    this.#memory.writeScratch(addressWord(from, 'from'))
    this.#module.setFrom()
    this.#from = from
  }

  /** Sets the account to call; its entry, or 0 for an account that nobody loaded. */
  #setTo(to: BytesInput): number {
    const known = typeof to === 'string' ? this.#entries.get(to) : undefined
    if (known !== undefined) return known
    const word = addressWord(to, 'to')
    this.#memory.writeScratch(word)
    this.#module.setTo()
    const entry = this.#entries.get(bytesToHex(word.subarray(12))) ?? 0
    if (entry !== 0 && typeof to === 'string') this.#entries.set(to, entry)
    return entry
  }

  #setGasPrice(wei: bigint): void {
    this.#setEnvironment(gasPriceWord, toWordBytes(wei, 'gasPrice'))
    this.#gasPrice = wei
  }

  #setEnvironment(index: number, word: Uint8Array): void {
    this.#memory.writeScratch(word)
    this.#module.setEnvironment(index)
  }

  /** Entry of an account that is about to change. */
  #changing(address: BytesInput): number {
    this.#refuseReentry()
    this.#dataRoom = 0
    return this.#entryOf(address)
  }

  #entryOf(address: BytesInput): number {
    const known = typeof address === 'string' ? this.#entries.get(address) : undefined
    if (known !== undefined) return known
    const word = addressWord(address, 'address')
    const hex = bytesToHex(word.subarray(12))
    let entry = this.#entries.get(hex)
    if (entry === undefined) {
      this.#memory.writeScratch(word)
      entry = this.#module.account(this.#addresses.length)
      if (entry === 0) throw outOfMemory()
      this.#addresses.push(hex)
      this.#entries.set(hex, entry)
    }
    if (typeof address === 'string') this.#entries.set(address, entry)
    return entry
  }

  #stage(code: Uint8Array): void {
    const at = this.#module.stageCode(code.length)
    if (at === 0) throw outOfMemory()
    this.#memory.write(code, at)
  }

  #refuseReentry(): void {
    if (!this.#running) return
    const message = 'a hook called the engine that was calling it; answer from other state'
    throw new EvmError(message, { code: 'evm/reentered', kind: 'usage' })
  }
}

function addressWord(address: BytesInput, what: string): Uint8Array {
  const word = new Uint8Array(32)
  word.set(toAddressBytes(address, what), 12)
  return word
}

function outOfMemory(): EvmError {
  const message = 'no memory for the tables of the engine; free some, or make fewer engines'
  return new EvmError(message, { code: 'evm/out-of-memory', kind: 'internal' })
}
