import { wordToFloat, type Float } from '../float/index.ts'
import type { Address, Bytes32, Hex } from './hex.ts'

const wordChars = 64
const addressPadding = '0'.repeat(24)
const indexPadding = '0'.repeat(56)
/** No count or offset of real data comes near it; larger ones are corrupt. */
const largestIndex = 2 ** 31

/**
 * Reads one tuple of ABI-encoded data, in place and without copies.
 *
 * Values stay hex text, because nearly all of them are ids that are only
 * compared and stored. Every read is checked against the end of the data, so
 * that corrupt counts and offsets cost nothing.
 *
 * @throws {RangeError} from every method, naming what is wrong; the caller knows which log it was.
 * @see https://docs.soliditylang.org/en/latest/abi-spec.html
 */
export class AbiView {
  readonly #text: Hex
  readonly #start: number

  /**
   * @param text - The data in lower-case hex.
   * @param start - Where the tuple begins, in characters. Default behind the `0x`.
   */
  constructor(text: Hex, start = 2) {
    this.#text = text
    this.#start = start
  }

  /** The 32 bytes at a place of the tuple, counted in words. */
  word(at: number): Bytes32 {
    return `0x${this.#chars(at)}`
  }

  address(at: number): Address {
    const chars = this.#chars(at)
    if (!chars.startsWith(addressPadding)) throw new RangeError(`word ${at} is no address: 0x${chars}`)
    return `0x${chars.slice(24)}`
  }

  uint(at: number): bigint {
    return BigInt(`0x${this.#chars(at)}`)
  }

  float(at: number): Float {
    return wordToFloat(this.uint(at))
  }

  /** A count, an index or an offset. */
  index(at: number): number {
    const chars = this.#chars(at)
    const index = chars.startsWith(indexPadding) ? Number.parseInt(chars.slice(56), 16) : Infinity
    if (index >= largestIndex) throw new RangeError(`word ${at} is no count or offset: 0x${chars}`)
    return index
  }

  /** A tuple or array that is kept elsewhere, at the offset held here. */
  tuple(at: number): AbiView {
    const start = this.#start + 2 * this.index(at)
    if (start > this.#text.length) throw new RangeError(`word ${at} points behind the end of the data`)
    return new AbiView(this.#text, start)
  }

  /**
   * The items of an array at the offset held here.
   *
   * @param itemWords - Words of one item; 1 for an array of offsets.
   * @param read - Given a view of the items and the place of the item in it, in words.
   */
  array<Item>(at: number, itemWords: number, read: (items: AbiView, itemAt: number) => Item): Item[] {
    const array = this.tuple(at)
    const count = array.index(0)
    const items = new AbiView(this.#text, array.#start + wordChars)
    if (items.#start + count * itemWords * wordChars > this.#text.length) {
      throw new RangeError(`the array at word ${at} has ${count} items, more than the data`)
    }
    return Array.from({ length: count }, (_, item) => read(items, item * itemWords))
  }

  bytes(at: number): Hex {
    const array = this.tuple(at)
    const start = array.#start + wordChars
    const end = start + 2 * array.index(0)
    if (end > this.#text.length) throw new RangeError(`the bytes at word ${at} end behind the data`)
    return `0x${this.#text.slice(start, end)}`
  }

  #chars(at: number): string {
    const start = this.#start + at * wordChars
    const chars = this.#text.slice(start, start + wordChars)
    if (chars.length < wordChars) throw new RangeError(`word ${at} is behind the end of the data`)
    return chars
  }
}
