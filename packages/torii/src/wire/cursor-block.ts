/** Unpacks raw deflate, up to some limit. */
export type Inflate = (packed: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

/** Longer than any event id. */
const maxCursorBytes = 2_000

/**
 * The block of the row a cursor stands behind.
 *
 * A cursor is base64url of deflated order values, and an entity's is its event
 * id, which begins with the block. A server may change that: then there is
 * simply no block to tell.
 */
export async function blockOfCursor(
  cursor: string,
  inflate: Inflate = inflateRaw,
): Promise<number | undefined> {
  if (cursor.length > maxCursorBytes || !/^[\w-]+$/.test(cursor)) return undefined
  try {
    const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const packed = Uint8Array.from(binary, (unit) => unit.charCodeAt(0))
    const eventId = new TextDecoder().decode(await inflate(packed))
    const [, digits] = /^0x([0-9a-f]{1,64}):0x/i.exec(eventId) ?? []
    const block = digits === undefined ? NaN : Number(`0x${digits}`)
    return Number.isSafeInteger(block) ? block : undefined
  } catch {
    return undefined
  }
}

const inflateRaw: Inflate = async (packed) => {
  const chunks: number[] = []
  for await (const chunk of new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'))) {
    chunks.push(...chunk.subarray(0, maxCursorBytes))
    if (chunks.length > maxCursorBytes) break
  }
  return Uint8Array.from(chunks)
}
