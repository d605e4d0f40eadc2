import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hexToBytes } from '@noble/hashes/utils.js'
import type { SignedContext } from './event.ts'
import type { Address, Hex } from './hex.ts'
import { keccak256 } from './keccak.ts'
import { Unquotable } from './not-comparable.ts'

/** `\x19Ethereum Signed Message:\n32` */
const messagePrefix = '19457468657265756d205369676e6564204d6573736167653a0a3332'

/**
 * Refuses the first context that its signer did not sign.
 *
 * @param isContract - Whether an address is a contract, which may sign in ways only the chain can check.
 * @throws {Unquotable} `InvalidSignature`, `SignatureUnverifiable`
 */
export function checkSignatures(
  signedContext: readonly SignedContext[],
  isContract: ((address: Address) => boolean) | undefined,
): void {
  for (const [index, signed] of signedContext.entries()) {
    if (isSignedByKey(signed)) continue
    const kind = isContract?.(signed.signer) === true ? 'SignatureUnverifiable' : 'InvalidSignature'
    throw new Unquotable({ kind, index })
  }
}

/**
 * Whether the signer has signed the words of a context with its own key (EIP-191).
 *
 * A contract that signs for itself (EIP-1271) cannot be asked here and counts as not having signed.
 *
 * @see https://eips.ethereum.org/EIPS/eip-191
 */
function isSignedByKey(signed: SignedContext): boolean {
  const known = verdicts.get(signed)
  if (known !== undefined) return known
  const verdict = recoversSigner(signed)
  verdicts.set(signed, verdict)
  return verdict
}

/** By the object: recovering a key takes a hundred times as long as the rest of a quote. */
const verdicts = new WeakMap<SignedContext, boolean>()

/** Notes that the chain has checked a context, whoever its signer is. */
export function rememberSigned(signed: SignedContext): void {
  verdicts.set(signed, true)
}

function recoversSigner({ signer, context, signature }: SignedContext): boolean {
  const words = context.map((word) => word.slice(2)).join('')
  const message = keccak256(`0x${messagePrefix}${keccak256(`0x${words}`).slice(2)}`)
  return recoverSigner(message, signature) === signer
}

/** The address whose key made a signature of 65 bytes; undefined for what OpenZeppelin's ECDSA refuses. */
function recoverSigner(message: Hex, signature: Hex): Address | undefined {
  if (signature.length !== 2 + 2 * 65) return undefined
  const recovery = Number.parseInt(signature.slice(-2), 16) - 27
  if (recovery !== 0 && recovery !== 1) return undefined
  try {
    const plain = secp256k1.Signature.fromHex(signature.slice(2, -2), 'compact')
    if (plain.hasHighS()) return undefined
    const point = plain.addRecoveryBit(recovery).recoverPublicKey(hexToBytes(message.slice(2)))
    return `0x${keccak256(`0x${point.toHex(false).slice(2)}`).slice(-40)}`
  } catch {
    // Numbers that are on no curve or out of range: the precompile answers nothing.
    return undefined
  }
}
