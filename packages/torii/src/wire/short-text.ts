const decoder = new TextDecoder()

/** Longer texts are faster in the platform's decoder. */
const shortBytes = 48

/**
 * UTF-8 to text, quick for short ASCII: a page is mostly names of members, for
 * which calling the platform's decoder costs more than the decoding.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length > shortBytes) return decoder.decode(bytes)
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x80) return decoder.decode(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}
