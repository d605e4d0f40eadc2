/** Bytes of a `ByteArray` in one felt. */
const wordBytes = 31

/** A text as Cairo serializes a `ByteArray`: count of full words, words, the rest, its length. */
export function byteArrayFelts(text: string): readonly bigint[] {
  const bytes = new TextEncoder().encode(text)
  const words: bigint[] = []
  for (let at = 0; at + wordBytes <= bytes.length; at += wordBytes) words.push(wordOf(bytes, at, wordBytes))
  const restBytes = bytes.length % wordBytes
  return [
    BigInt(words.length),
    ...words,
    wordOf(bytes, bytes.length - restBytes, restBytes),
    BigInt(restBytes),
  ]
}

function wordOf(bytes: Uint8Array, from: number, length: number): bigint {
  let word = 0n
  for (const byte of bytes.subarray(from, from + length)) word = word * 256n + BigInt(byte)
  return word
}
