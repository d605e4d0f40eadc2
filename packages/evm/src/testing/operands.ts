import { bytesToBigInt } from '../bytes.ts'
import type { Random } from './random.ts'

/** What a value on the stack is used for, which decides which values are worth trying. */
export type OperandKind =
  | 'word'
  | 'offset'
  | 'size'
  | 'address'
  | 'slot'
  | 'shift'
  | 'exponent'
  | 'block'
  | 'gas'
  | 'value'
  | 'index'

const two = 2n
/** Values where arithmetic on 256 bits in parts goes wrong. */
export const edges: readonly [bigint, ...bigint[]] = [
  0n,
  1n,
  two,
  3n,
  31n,
  32n,
  33n,
  255n,
  256n,
  257n,
  0xffff_ffffn,
  0x1_0000_0000n,
  two ** 63n,
  two ** 64n - 1n,
  two ** 64n,
  two ** 127n,
  two ** 128n - 1n,
  two ** 128n,
  two ** 128n + 1n,
  two ** 160n - 1n,
  two ** 192n - 1n,
  two ** 192n,
  two ** 224n,
  two ** 255n - 1n,
  two ** 255n,
  two ** 255n + 1n,
  two ** 256n - two,
  two ** 256n - 1n,
]

/** A value for an operand of that kind: mostly usable, sometimes at an edge, sometimes hopeless. */
export function operand(
  random: Random,
  kind: OperandKind,
  addresses: readonly [bigint, ...bigint[]],
): bigint {
  if (random.oneIn(60)) return anyWord(random)
  switch (kind) {
    case 'word':
      return anyWord(random)
    case 'offset':
      return random.oneIn(40) ? random.pick(edges) : BigInt(random.below(random.oneIn(6) ? 3000 : 200))
    case 'size':
      return random.oneIn(40) ? random.pick(edges) : BigInt(random.below(random.oneIn(6) ? 500 : 70))
    case 'address':
      return random.oneIn(10)
        ? random.pick(addresses) + two ** 160n * BigInt(random.below(9))
        : random.pick(addresses)
    case 'slot':
      return BigInt(random.below(random.oneIn(4) ? 40 : 5))
    case 'shift':
      return random.oneIn(8) ? random.pick(edges) : BigInt(random.below(260))
    case 'exponent':
      return random.oneIn(3) ? anyWord(random) : BigInt(random.below(70))
    case 'block':
      return BigInt(random.below(600))
    case 'gas':
      return random.oneIn(3) ? BigInt(random.below(3000)) : two ** 64n
    case 'value':
      return random.oneIn(12) ? BigInt(random.below(200)) : 0n
    case 'index':
      return BigInt(random.below(36))
  }
}

function anyWord(random: Random): bigint {
  if (random.oneIn(3)) return random.pick(edges)
  const bytes = bytesToBigInt(random.bytes(1 + random.below(32)))
  return random.oneIn(5) ? two ** 256n - 1n - bytes : bytes
}
