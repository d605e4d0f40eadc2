import { EvmError } from './errors.ts'

/** `0x` and an even number of hex digits. */
export type Hex = `0x${string}`

/** Bytes as an array or as hex. Arrays are copied, never kept. */
export type BytesInput = Uint8Array | Hex

/** A 256-bit word: 32 bytes, 64 hex digits, or a non-negative integer below 2^256. */
export type WordInput = BytesInput | bigint

const digitOf: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  return value < 0 ? 256 : value
})
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * Reads bytes given as hex or as an array.
 *
 * @throws {EvmError} `evm/bad-hex`: not `0x` followed by an even number of hex digits. Pad an odd digit.
 */
export function toBytes(input: BytesInput, what: string): Uint8Array {
  if (typeof input !== 'string') {
    if (input instanceof Uint8Array) return input
    throw usage('bad-hex', `${what} must be a Uint8Array or a 0x hex string`)
  }
  const bytes = new Uint8Array(Math.max(0, input.length - 2) >> 1)
  // What is no digit has a bit above the lowest eight.
  let seen = input.startsWith('0x') && input.length % 2 === 0 ? 0 : 256
  for (let i = 0; i < bytes.length; i++) {
    const byte = (digit(input, 2 * i + 2) << 4) | digit(input, 2 * i + 3)
    seen |= byte
    bytes[i] = byte
  }
  if (seen < 256) return bytes
  throw usage('bad-hex', `${what} is not 0x and an even number of hex digits; pad an odd digit with 0`)
}

/**
 * Reads a 20-byte address.
 *
 * @throws {EvmError} `evm/bad-address`: another length. `evm/bad-hex`: not hex.
 */
export function toAddressBytes(input: BytesInput, what = 'address'): Uint8Array {
  const bytes = toBytes(input, what)
  if (bytes.length === 20) return bytes
  throw usage('bad-address', `${what} has ${bytes.length} bytes; an address has 20`)
}

/** Reads a 20-byte address as hex, in the case it was given. Throws as {@link toAddressBytes}. */
export function toAddressHex(input: BytesInput, what: string): Hex {
  const bytes = toAddressBytes(input, what)
  return typeof input === 'string' ? input : bytesToHex(bytes)
}

/**
 * Reads a 256-bit word.
 *
 * @throws {EvmError} `evm/bad-word`: not 32 bytes, negative, or 2^256 and above. `evm/bad-hex`: not hex.
 */
export function toWordBytes(input: WordInput, what: string): Uint8Array {
  if (typeof input !== 'bigint') {
    const bytes = toBytes(input, what)
    if (bytes.length === 32) return bytes
    throw usage('bad-word', `${what} has ${bytes.length} bytes; a word has 32`)
  }
  if (input < 0n || input >> 256n !== 0n) throw usage('bad-word', `${what} is outside 0 … 2^256-1`)
  const bytes = new Uint8Array(32)
  for (let i = 31, rest = input; rest > 0n; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return bytes
}

/** Bytes as lower-case hex. */
export function bytesToHex(bytes: Uint8Array): Hex {
  let hex = ''
  for (const byte of bytes) hex += hexOfByte[byte]
  return `0x${hex}`
}

/** Bytes as an unsigned big-endian integer. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}

/** The first `length` bytes in a new array, zeros behind the end. */
export function padded(input: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(input.subarray(0, length))
  return bytes
}

/** Value of a hex digit, 256 for anything else. */
function digit(text: string, at: number): number {
  return digitOf[text.charCodeAt(at)] ?? 256
}

function usage(code: 'bad-hex' | 'bad-address' | 'bad-word', message: string): EvmError {
  return new EvmError(message, { code: `evm/${code}`, kind: 'usage' })
}
