import type { Hardfork } from '../engine.ts'
import { addPoints, multiplyPoint, pairing } from './bn254.ts'
import { recoverSigner } from './ecrecover.ts'
import { modularPower } from './modexp.ts'
import { hashRipemd160, hashSha256 } from './hashes.ts'
import { verifyP256 } from './p256verify.ts'
import type { PrecompileResult } from './precompile-result.ts'

/** One precompile: `gas` is what it may use, and is checked before any work is done. */
type Precompile = (input: Uint8Array, gas: number, fork: Hardfork) => PrecompileResult

const byNumber: ReadonlyMap<number, Precompile> = new Map([
  [0x01, recoverSigner],
  [0x02, hashSha256],
  [0x03, hashRipemd160],
  [0x05, modularPower],
  [0x06, addPoints],
  [0x07, multiplyPoint],
  [0x08, pairing],
  [0x100, verifyP256],
])

/** Numbers of the precompiles of a fork; 4 (identity) and 9 (BLAKE2b) run inside the WebAssembly module. */
export function precompilesOf(fork: Hardfork): readonly number[] {
  const last = fork === 'cancun' ? 0x0a : 0x11
  const numbers = Array.from({ length: last }, (_, index) => index + 1)
  return fork === 'osaka' ? [...numbers, 0x100] : numbers
}

/** Runs a precompile: point evaluation (0x0a) and BLS12-381 (0x0b … 0x11) are unsupported. */
export function runPrecompile(
  number: number,
  input: Uint8Array,
  gas: number,
  fork: Hardfork,
): PrecompileResult {
  return byNumber.get(number)?.(input, gas, fork) ?? 'unsupported'
}
