import { p256 } from '@noble/curves/nist.js'
import type { PrecompileResult } from './precompile-result.ts'

const cost = 6900
const invalid = { gasUsed: cost, output: new Uint8Array(0) }

/** Precompile 0x100: 1 for a valid signature, no output for any other. @see EIP-7951 */
export function verifyP256(input: Uint8Array, gas: number): PrecompileResult {
  if (gas < cost) return 'failed'
  if (input.length !== 160) return invalid
  const key = Uint8Array.of(0x04, ...input.subarray(96, 160))
  try {
    if (!p256.verify(input.subarray(32, 96), input.subarray(0, 32), key, { lowS: false, prehash: false }))
      return invalid
  } catch {
    return invalid
  }
  const output = new Uint8Array(32)
  output[31] = 1
  return { gasUsed: cost, output }
}
