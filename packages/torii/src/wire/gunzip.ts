import { FreshetError } from '@freshet/core'

/**
 * Unpacks gzip, and stops as soon as there is more than `maxBytes`: a small
 * answer must not fill the memory.
 *
 * @throws {FreshetError} what `onTooLarge` makes; `torii/truncated` for what is no gzip.
 */
export async function gunzip(
  packed: Uint8Array<ArrayBuffer>,
  maxBytes: number,
  onTooLarge: () => FreshetError,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))) {
      size += chunk.length
      if (size > maxBytes) throw onTooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof FreshetError) throw error
    throw new FreshetError({
      code: 'torii/truncated',
      kind: 'remote',
      retryable: true,
      message: 'A packed message of Torii cannot be unpacked. It is asked again.',
      cause: error,
    })
  }
  const joined = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}
