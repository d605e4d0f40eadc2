import { EvmError } from '../errors.ts'
import { wasmCode } from './wasm-code.generated.ts'

/** What the compiled interpreter exports; see assembly/index.ts. Pointers are offsets into `memory`. */
export type EvmModule = {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly scratchAt: () => number
  readonly resultAt: () => number
  readonly init: (seedLow: number, seedHigh: number, emptyWorld: number, fork: number) => number
  readonly account: (id: number) => number
  readonly stageCode: (length: number) => number
  readonly setCode: (account: number) => void
  readonly setBalance: (account: number) => void
  readonly setKnownEmpty: (account: number) => void
  readonly setComplete: (account: number) => void
  readonly setPrecompile: (account: number, number: number) => void
  readonly setHook: (account: number, on: number) => void
  readonly slot: (account: number, id: number) => number
  readonly setSlot: (slot: number) => void
  readonly setEnvironment: (index: number) => void
  readonly setFrom: () => void
  readonly setTo: () => void
  readonly setMemoryLimit: (bytes: number) => void
  readonly dataAt: (size: number) => number
  readonly run: (dataSize: number, to: number, gas: number) => number
  readonly reserveReturn: (size: number) => number
  readonly setCallNumber: (number: number) => void
  readonly recover: () => void
  readonly codeOf: (account: number) => number
  readonly tableRoom: (size: number) => number
  readonly setCompiled: (code: number, index: number) => void
  readonly setHotAfter: (runs: number) => void
}

/** What the interpreter asks of its host; see assembly/host.ts. */
export type EvmHost = {
  readonly precompile: (id: number, data: number, size: number, gas: number) => number
  readonly hook: (id: number, data: number, size: number, gas: number) => number
  readonly blockHash: (low: number, high: number) => number
  readonly blobHash: (index: number) => number
  /** Runs a compiled contract. A function of WebAssembly, so that the call does not pass through JavaScript. */
  readonly compiled: (index: number, frame: number) => number
}

/** `auto` takes WebAssembly and, where it is forbidden or absent, JavaScript, which is some ten times slower. */
export type Runtime = 'auto' | 'wasm' | 'javascript'

let compiled: Promise<WebAssembly.Module> | undefined

/**
 * Makes an instance of the interpreter.
 *
 * @throws {EvmError} `evm/no-wasm`: `wasm` was demanded where a policy forbids it. Use `auto`.
 */
export async function loadEvmModule(
  host: EvmHost,
  runtime: Runtime,
): Promise<{ readonly module: EvmModule; readonly runtime: 'wasm' | 'javascript' }> {
  if (runtime !== 'javascript') {
    try {
      compiled ??= WebAssembly.compile(wasmBinary())
      const instance = await WebAssembly.instantiate(await compiled, { host })
      // The exports are those of the module compiled in the same build.
      return { module: instance.exports as unknown as EvmModule, runtime: 'wasm' }
    } catch (cause) {
      compiled = undefined
      if (runtime === 'wasm') {
        const message = 'WebAssembly cannot be compiled here; use runtime "auto" or allow wasm-unsafe-eval'
        throw new EvmError(message, { code: 'evm/no-wasm', kind: 'usage', cause })
      }
    }
  }
  const { instantiateScript } = await import('./script-code.generated.ts')
  // The same exports, made from the same module.
  return { module: instantiateScript({ host }) as unknown as EvmModule, runtime: 'javascript' }
}

/** The module as it is compiled. */
export function wasmBinary(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(wasmCode), (character) => character.charCodeAt(0))
}
