import type { AsyncEvmEngine, EngineOptions } from '../engine.ts'
import { EvmError } from '../errors.ts'

/**
 * Makes the reference engine: `@ethereumjs/evm` over a flat read-only state. Slow and independent of the
 * WebAssembly engine: the oracle in tests, and what runs a call that engine does not support. Calls must not
 * overlap.
 *
 * One edge differs from the WebAssembly engine: CALLCODE with value takes an unknown balance for zero, where that
 * engine says it is missing.
 *
 * @throws {EvmError} `evm/no-reference`: its optional peers are not installed.
 */
export async function createReferenceEvm(options: EngineOptions = {}): Promise<AsyncEvmEngine> {
  const { makeReferenceEvm } = await import('./reference-evm.ts').catch((cause: unknown) => {
    const message =
      'the reference engine needs @ethereumjs/evm, @ethereumjs/common and @ethereumjs/util; install them'
    throw new EvmError(message, { code: 'evm/no-reference', kind: 'usage', cause })
  })
  return makeReferenceEvm(options)
}
