import type { Hex } from '../../engine/index.ts'
import { keccak256 } from '../../engine/keccak.ts'

/**
 * Whether logs with an address or topic may be in a block: never wrong when it says no, sometimes when it says yes.
 *
 * @param bloom - 256 bytes.
 * @see Yellow Paper, section 4.3.1
 */
export function bloomMayContain(bloom: Hex, item: Hex): boolean {
  return bitsOf(item).every((bit) => {
    const digit = Number.parseInt(bloom.charAt(bloom.length - 1 - (bit >> 2)), 16)
    return (digit & (1 << (bit & 3))) !== 0
  })
}

/** A bloom of these addresses and topics. */
export function bloomOf(items: Iterable<Hex>): Hex {
  const digits = new Array<number>(512).fill(0)
  for (const item of items) {
    for (const bit of bitsOf(item)) {
      const at = 511 - (bit >> 2)
      digits[at] = (digits[at] ?? 0) | (1 << (bit & 3))
    }
  }
  return `0x${digits.map((digit) => digit.toString(16)).join('')}`
}

const bits = new Map<Hex, readonly number[]>()
const mostKept = 4_096

/** The three bits that an item sets. */
function bitsOf(item: Hex): readonly number[] {
  const known = bits.get(item)
  if (known !== undefined) return known
  const hash = keccak256(item)
  const found = [0, 1, 2].map((pair) => Number.parseInt(hash.slice(2 + 4 * pair, 6 + 4 * pair), 16) & 2047)
  if (bits.size < mostKept) bits.set(item, found)
  return found
}
