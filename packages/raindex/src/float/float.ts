declare const brand: unique symbol

/**
 * A decimal float of Rain: 32 bytes as one unsigned integer.
 *
 * The top 4 bytes are the exponent, the low 28 bytes the coefficient, both in
 * two's complement; the value is coefficient × 10^exponent. One value has many
 * encodings, so `===` compares bits; compare values with `eq` (FL2).
 *
 * Branded, because a token amount is a `bigint` too and must not pass for one.
 *
 * @see https://github.com/rainlanguage/rain.math.float
 */
export type Float = bigint & { readonly [brand]: 'Float' }

/** The canonical zero: 32 zero bytes. */
export const zero: Float = asFloat(0n)

/** 32 bytes as text, as contracts and logs show them: `0x` and 64 digits. */
export type FloatHex = `0x${string}`

const hexWord = /^0x[0-9a-f]{64}$/i

/**
 * Reads a float from its 32 bytes in hex.
 *
 * Every word is a float, so nothing but the shape can be wrong.
 *
 * @throws {RangeError} when the text is not `0x` and 64 hex digits.
 */
export function hexToFloat(hex: string): Float {
  if (!hexWord.test(hex)) {
    throw new RangeError(`${JSON.stringify(hex.slice(0, 80))} is not a float. Give 0x and 64 hex digits.`)
  }
  return asFloat(BigInt(hex))
}

/** The 32 bytes of a float in lower-case hex. */
export function floatToHex(float: Float): FloatHex {
  return `0x${float.toString(16).padStart(64, '0')}`
}

/**
 * Reads a float from a word of the chain.
 *
 * @throws {RangeError} when the word is negative or longer than 256 bits.
 */
export function wordToFloat(word: bigint): Float {
  if (word !== BigInt.asUintN(256, word)) {
    throw new RangeError(`${word} is not a word of the chain. Give 0 to 2^256 − 1.`)
  }
  return asFloat(word)
}

/** Brands a word that is known to be one. */
export function asFloat(word: bigint): Float {
  // The brand exists for the compiler only; callers have made sure of the range.
  return word as Float
}
