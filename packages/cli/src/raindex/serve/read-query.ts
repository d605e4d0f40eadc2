import type { Address, Hex } from '@freshet/raindex/engine'

export const zeroAddress: Address = `0x${'0'.repeat(40)}`
export const noCounterparty = 'counterparty takes an address.'

/** Who would take: the zero address unless told; undefined for what is no address. */
export function readCounterparty(query: URLSearchParams): Address | undefined {
  return readHex(query.get('counterparty') ?? zeroAddress, 20)
}

/** Hexadecimal text of so many bytes, in small letters; undefined for anything else. */
export function readHex(text: string, bytes: number): Hex | undefined {
  // Its shape is checked first.
  return /^0x[0-9a-f]+$/i.test(text) && text.length === 2 + 2 * bytes
    ? (text.toLowerCase() as Hex)
    : undefined
}
