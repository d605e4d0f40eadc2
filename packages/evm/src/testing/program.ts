import { bytesToHex, toWordBytes, type Hex } from '../bytes.ts'
import type { Hardfork, UnknownState } from '../engine.ts'
import { CodeWriter } from './code-writer.ts'
import { precompileInput } from './precompile-inputs.ts'
import { Random } from './random.ts'

/** One call to compare: the code of three contracts that may call each other, and how the first is called. */
export type Program = {
  readonly fork: Hardfork
  readonly unknown: UnknownState
  readonly codes: readonly Uint8Array[]
  readonly data: Uint8Array
  readonly gas: bigint
  /** Also run at the gas values around what it used. */
  readonly edges: boolean
}

/** Addresses of the contracts of a program. */
export const contracts: readonly [Hex, Hex, Hex] = [address('a1'), address('b2'), address('c3')]
/** Has wei and no code. */
export const wallet = address('d4')
/** Declared not to exist. */
export const nobody = address('e5')
/** Delegates to the second contract (EIP-7702). */
export const delegator = address('f6')
/** Answered by a hook that returns its input. */
export const hooked = address('97')
/** Never loaded. */
const stranger = address('58')
export const caller = address('ca')
export const coinbase = address('cb')

const callable: readonly [bigint, ...bigint[]] = [
  ...contracts.map(BigInt),
  ...contracts.map(BigInt),
  ...contracts.map(BigInt),
  BigInt(wallet),
  BigInt(nobody),
  BigInt(delegator),
  BigInt(delegator),
  BigInt(hooked),
  BigInt(stranger),
  BigInt(caller),
  BigInt(coinbase),
  ...[1n, 2n, 3n, 4n, 4n, 5n, 9n],
] as unknown as [bigint, ...bigint[]]

/** Makes the program of a number: the same for the same seed, everywhere. */
export function makeProgram(seed: number, index: number): Program {
  const random = new Random(seed, index)
  const fork = random.oneIn(8) ? random.pick(['cancun', 'prague'] as const) : 'osaka'
  const unknown = random.oneIn(10) ? 'missing' : 'empty'
  const codes = [
    makeCode(random, random.oneIn(4) ? 24 : 9),
    makeCode(random, random.oneIn(5) ? 10 : 3),
    makeCode(random, 3),
  ]
  return {
    fork,
    unknown,
    codes,
    data: random.bytes(random.below(100)),
    gas: gasFor(random),
    edges: unknown === 'empty' && random.oneIn(20),
  }
}

/** Mostly enough to end, seldom enough to go deep: the reference engine takes a quarter of a microsecond a step. */
function gasFor(random: Random): bigint {
  if (random.oneIn(10)) return BigInt(random.below(3000))
  return BigInt(random.oneIn(25) ? random.below(500_000) : 15_000 + random.below(45_000))
}

function makeCode(random: Random, length: number): Uint8Array {
  if (random.oneIn(40)) return random.bytes(random.below(80))
  const writer = new CodeWriter(random, callable)
  const shape = random.below(10)
  if (shape < 3) writer.straight(length, 'pure')
  else if (shape < 5) writer.straight(length, 'world')
  else if (shape < 7) writer.jumping(length)
  else if (shape < 9 || random.oneIn(2)) writer.calling(Math.ceil(length / 5))
  else writer.limits()
  if (random.oneIn(80)) writer.precompile(precompileInput(random))
  writer.finish()
  return writer.bytes()
}

function address(byte: string): Hex {
  return bytesToHex(toWordBytes(BigInt(`0x${byte.repeat(20)}`), 'address').subarray(12))
}
