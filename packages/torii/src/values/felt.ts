import { FreshetError } from '@freshet/core'

/** The prime of the Starknet field: 2^251 + 17·2^192 + 1. A felt is a whole number below it. */
export const feltPrime = 2n ** 251n + 17n * 2n ** 192n + 1n

/**
 * The one form in which ids, felts and addresses are kept and compared: `0x`
 * and 64 lower-case digits. Clients of Torii differ in their padding.
 *
 * @throws {FreshetError} `torii/bad-felt`: no hexadecimal or decimal number of at most 256 bits.
 */
export function canonicalFelt(value: string | number | bigint): string {
  return feltText(parseFelt(value))
}

/**
 * Reads a felt as hexadecimal with `0x`, as decimal text, or as a number.
 *
 * @throws {FreshetError} `torii/bad-felt`
 */
export function parseFelt(value: string | number | bigint): bigint {
  const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
  const readable = whole || (typeof value === 'string' && /^(0x[0-9a-f]{1,64}|\d{1,78})$/i.test(value))
  const felt = readable ? BigInt(value) : -1n
  if (felt >= 0n && felt < 2n ** 256n) return felt
  throw new FreshetError({
    code: 'torii/bad-felt',
    kind: 'usage',
    message: `${JSON.stringify(String(value)).slice(0, 90)} is no felt; give hexadecimal digits behind 0x, or a decimal number.`,
  })
}

export function feltText(felt: bigint): string {
  return `0x${felt.toString(16).padStart(64, '0')}`
}

/** A felt as the protocol sends it: 32 bytes, the highest first. */
export function feltBytes(value: string | number | bigint): Uint8Array {
  return unsignedBytes(parseFelt(value), 32)
}

/** A whole number from zero as so many bytes, the highest first. */
export function unsignedBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let rest = value
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 255n)
    rest >>= 8n
  }
  return bytes
}

/** The canonical form of an id or address of at most 32 bytes. */
export function feltFromBytes(bytes: Uint8Array): string {
  return bytes.length === 32 ? hexText(bytes) : `0x${hexOf(bytes).padStart(64, '0')}`
}

export function hexOf(bytes: Uint8Array): string {
  return hexText(bytes).slice(2)
}

const digitCodes = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

/**
 * `0x` and two digits for each byte, in one piece: of a text that is put together digit by digit, the engine
 * keeps each part until it is first compared, which costs twice as much.
 */
function hexText(bytes: Uint8Array): string {
  const { length } = bytes
  // A page holds three felts for each entity: an array that is there already takes a third off each.
  const codes = length === 32 ? feltCodes : [0x30, 0x78]
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0
    codes[2 + 2 * at] = digitCodes[byte >> 4] ?? 0
    codes[3 + 2 * at] = digitCodes[byte & 15] ?? 0
  }
  return String.fromCharCode(...codes)
}

const feltCodes = Array.from('0x'.padEnd(66, '0'), (unit) => unit.charCodeAt(0))

/** A whole number from zero, the highest byte first. */
export function unsignedFromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${hexOf(bytes)}`)
}
