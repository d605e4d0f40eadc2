import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { PrecompileResult } from './precompile-result.ts'

/** Precompile 2. @see Yellow paper, appendix E */
export function hashSha256(input: Uint8Array, gas: number): PrecompileResult {
  const gasUsed = 60 + 12 * Math.ceil(input.length / 32)
  return gasUsed > gas ? 'failed' : { gasUsed, output: sha256(input) }
}

/** Precompile 3. @see Yellow paper, appendix E */
export function hashRipemd160(input: Uint8Array, gas: number): PrecompileResult {
  const gasUsed = 600 + 120 * Math.ceil(input.length / 32)
  if (gasUsed > gas) return 'failed'
  const output = new Uint8Array(32)
  output.set(ripemd160(input), 12)
  return { gasUsed, output }
}
