import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToBigInt, padded } from '../bytes.ts'
import type { PrecompileResult } from './precompile-result.ts'

const nothing = { gasUsed: 3000, output: new Uint8Array(0) }

/** Precompile 1: signer of a hash; no output for a signature that has none. @see Yellow paper, appendix E */
export function recoverSigner(input: Uint8Array, gas: number): PrecompileResult {
  if (gas < 3000) return 'failed'
  const words = padded(input, 128)
  const v = bytesToBigInt(words.subarray(32, 64))
  if (v !== 27n && v !== 28n) return nothing
  try {
    const key = secp256k1.Signature.fromBytes(words.subarray(64, 128))
      .addRecoveryBit(Number(v - 27n))
      .recoverPublicKey(words.subarray(0, 32))
    const output = new Uint8Array(32)
    output.set(keccak_256(key.toBytes(false).subarray(1)).subarray(12), 12)
    return { gasUsed: 3000, output }
  } catch {
    return nothing
  }
}
