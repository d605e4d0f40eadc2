/** Bytes as text: `0x` and an even number of lower-case hex digits. */
export type Hex = `0x${string}`

/** 20 bytes. */
export type Address = Hex

/** 32 bytes: a hash, a key, a vault id, a word of the chain. */
export type Bytes32 = Hex

const hexBytes = /^0x(?:[0-9a-f]{2})*$/

/** Whether the text is `0x` and whole bytes, in lower case. */
function isHex(text: string): text is Hex {
  return hexBytes.test(text)
}

/**
 * Text of bytes as this package writes it, which is lower case, so that equal bytes are equal strings.
 *
 * @returns undefined when the text is not `0x` and whole bytes, or not `sizeBytes` long where that is given.
 */
export function toHex(text: string, sizeBytes?: number): Hex | undefined {
  if (sizeBytes !== undefined && text.length !== 2 + 2 * sizeBytes) return undefined
  // Nearly all of it is, and a page of logs is megabytes.
  if (isHex(text)) return text
  const lower = text.toLowerCase()
  return isHex(lower) ? lower : undefined
}
