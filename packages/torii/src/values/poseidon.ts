import { poseidon } from '@noble/curves/abstract/poseidon.js'
import { Field } from '@noble/curves/abstract/modular.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { feltPrime } from './felt.ts'

const field = Field(feltPrime)
const fullRounds = 8
const partialRounds = 83

/**
 * The Poseidon hash of felts as Starknet's `poseidon_hash_many` has it: Hades
 * with a state of three, eight full and 83 partial rounds, cubing.
 *
 * @see https://docs.starknet.io (Poseidon hash), https://github.com/starkware-industries/poseidon
 */
export function poseidonHash(felts: readonly bigint[]): bigint {
  const permute = permutation()
  // One 1 behind the last, then zeros to an even count.
  const padded = [...felts, 1n]
  if (padded.length % 2 === 1) padded.push(0n)
  let state = [0n, 0n, 0n]
  for (let at = 0; at < padded.length; at += 2) {
    const [a = 0n, b = 0n, c = 0n] = state
    state = permute([
      field.add(a, field.create(padded[at] ?? 0n)),
      field.add(b, field.create(padded[at + 1] ?? 0n)),
      c,
    ])
  }
  return state[0] ?? 0n
}

let made: ((state: bigint[]) => bigint[]) | undefined

/** Made on first use: its 273 constants cost a few milliseconds. */
function permutation(): (state: bigint[]) => bigint[] {
  made ??= poseidon({
    Fp: field,
    t: 3,
    roundsFull: fullRounds,
    roundsPartial: partialRounds,
    sboxPower: 3,
    reversePartialPowIdx: true,
    mds: [
      [3n, 1n, 1n],
      [1n, feltPrime - 1n, 1n],
      [1n, 1n, feltPrime - 2n],
    ],
    roundConstants: Array.from({ length: fullRounds + partialRounds }, (_, round) =>
      [0, 1, 2].map((column) => roundConstant(3 * round + column)),
    ),
  })
  return made
}

/** The sha256 of `Hades` and the constant's number, as a felt. */
function roundConstant(number: number): bigint {
  const digest = sha256(new TextEncoder().encode(`Hades${number}`))
  let value = 0n
  for (const byte of digest) value = value * 256n + BigInt(byte)
  return field.create(value)
}
