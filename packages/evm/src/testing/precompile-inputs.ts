import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { toWordBytes } from '../bytes.ts'
import type { PrecompileCall } from './code-writer.ts'
import type { Random } from './random.ts'

/** A call of a precompile that mostly has an answer. Pairings are rare: one takes tens of milliseconds. */
export function precompileInput(random: Random): PrecompileCall {
  const call = validCall(random)
  if (!random.oneIn(4) || call.input.length === 0) return call
  // One byte wrong, cut short, or longer than it should be.
  const input = call.input.slice(0, random.oneIn(2) ? call.input.length : random.below(call.input.length))
  if (input.length > 0) input[random.below(input.length)] = random.next() & 0xff
  return { number: call.number, input }
}

function validCall(random: Random): PrecompileCall {
  switch (random.below(9)) {
    case 0:
      return { number: 1n, input: signedHash(random) }
    case 1:
      return { number: BigInt(2 + random.below(3)), input: random.bytes(random.below(200)) }
    case 2:
    case 3:
      return { number: 5n, input: powerInput(random) }
    case 4:
      return { number: 6n, input: concat(point(random), point(random)) }
    case 5:
      return { number: 7n, input: concat(point(random), random.bytes(32)) }
    case 6:
      return random.oneIn(8)
        ? { number: 8n, input: new Uint8Array(192 * random.below(3)) }
        : { number: 8n, input: random.bytes(50) }
    case 7:
      return {
        number: 9n,
        input: concat(
          Uint8Array.of(0, 0, 0, random.below(40)),
          random.bytes(208),
          Uint8Array.of(random.below(3)),
        ),
      }
    default:
      return { number: 0x100n, input: p256Input(random) }
  }
}

const secret = toWordBytes(0x1234567n, 'secret')

function signedHash(random: Random): Uint8Array {
  const hash = random.bytes(32)
  const signature = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' })
  return concat(hash, toWordBytes(BigInt(27 + (signature[0] ?? 0)), 'v'), signature.subarray(1))
}

function p256Input(random: Random): Uint8Array {
  const hash = random.bytes(32)
  const signature = p256.sign(hash, secret, { prehash: false, lowS: false })
  return concat(hash, signature, p256.getPublicKey(secret, false).subarray(1))
}

function powerInput(random: Random): Uint8Array {
  const [base, exponent, modulus] = [
    random.below(70),
    random.below(random.oneIn(3) ? 70 : 4),
    random.below(70),
  ]
  const lengths = [base, exponent, modulus].map((length) => toWordBytes(BigInt(length), 'length'))
  return concat(...lengths, random.bytes(base + exponent + modulus))
}

function point(random: Random): Uint8Array {
  if (random.oneIn(6)) return new Uint8Array(64)
  const { x, y } = bn254.G1.Point.BASE.multiply(BigInt(1 + random.below(1000))).toAffine()
  return concat(toWordBytes(x, 'x'), toWordBytes(y, 'y'))
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
