import { toWordBytes, type WordInput } from '../bytes.ts'
import type { Hardfork, Hook } from '../engine.ts'
import { EvmError } from '../errors.ts'
import { runPrecompile } from '../precompiles/precompile.ts'
import type { EvmHost, EvmModule } from './evm-module.ts'
import { ModuleMemory } from './module-memory.ts'

// Answers that are not gas, see assembly/host.ts.
const failed = -1
const unsupported = -2
const reverted = -3

/** What the interpreter asks while it runs. Nothing may be thrown through it: errors wait until it is done. */
export class WasmHost implements EvmHost {
  blockHashes: ReadonlyMap<bigint, WordInput> | undefined
  blobHashes: readonly WordInput[] | undefined
  readonly compiled: EvmHost['compiled']
  readonly #fork: Hardfork
  readonly #hooks = new Map<number, Hook>()
  #thrown: { readonly error: unknown } | undefined
  #attached: { readonly module: EvmModule; readonly memory: ModuleMemory } | undefined

  constructor(fork: Hardfork, compiled: EvmHost['compiled'] = () => 0) {
    this.compiled = compiled
    this.#fork = fork
  }

  /** The module takes its host when it is made, so the host learns of the module afterwards. */
  attach(module: EvmModule): void {
    this.#attached = { module, memory: new ModuleMemory(module) }
  }

  setHook(id: number, hook: Hook | undefined): void {
    if (hook === undefined) this.#hooks.delete(id)
    else this.#hooks.set(id, hook)
  }

  /** Throws what a hook or an environment word threw during the run. */
  rethrow(): void {
    const thrown = this.#thrown
    this.#thrown = undefined
    if (thrown !== undefined) throw thrown.error
  }

  readonly precompile = (number: number, data: number, size: number, gas: number): number => {
    const answer = runPrecompile(number, this.#input(data, size), gas, this.#fork)
    if (answer === 'failed') return failed
    if (answer === 'unsupported') return unsupported
    return this.#answer(answer.output) ? answer.gasUsed : failed
  }

  readonly hook = (id: number, data: number, size: number, gas: number): number =>
    this.#guarded(unsupported, () => {
      const answer = this.#hooks.get(id)?.({ data: this.#input(data, size), gas: BigInt(gas) })
      if (answer === undefined) return unsupported
      const gasUsed = Number(answer.gasUsed ?? 0n)
      if (gasUsed > gas || !this.#answer(answer.output)) return failed
      return answer.status === 'ok' ? gasUsed : reverted - gasUsed
    })

  readonly blockHash = (low: number, high: number): number => {
    const number = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
    return this.#answerWord(this.blockHashes?.get(number), 'block hash')
  }

  readonly blobHash = (index: number): number => this.#answerWord(this.blobHashes?.[index], 'blob hash')

  #input(data: number, size: number): Uint8Array {
    return this.#parts().memory.copyOf(data, size)
  }

  /** Puts return data into the module; false when it is over the memory limit. */
  #answer(output: Uint8Array): boolean {
    const { module, memory } = this.#parts()
    const at = module.reserveReturn(output.length)
    if (at !== 0) memory.write(output, at)
    return at !== 0
  }

  #answerWord(word: WordInput | undefined, what: string): number {
    if (word === undefined) return 0
    return this.#guarded(0, () => {
      this.#parts().memory.writeScratch(toWordBytes(word, what))
      return 1
    })
  }

  #guarded(otherwise: number, answer: () => number): number {
    try {
      return answer()
    } catch (error) {
      this.#thrown ??= { error }
      return otherwise
    }
  }

  #parts() {
    if (this.#attached !== undefined) return this.#attached
    throw new EvmError('the host was asked before it was attached', { code: 'evm/trap', kind: 'internal' })
  }
}
