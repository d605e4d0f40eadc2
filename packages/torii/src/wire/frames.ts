import { FreshetError } from '@freshet/core'
import { gunzip } from './gunzip.ts'

/** One frame of a gRPC-web answer: a message, or the trailers that end it. */
export type Frame =
  | { readonly kind: 'message'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'trailers'; readonly headers: ReadonlyMap<string, string> }

export type OnBeginning = (bytes: Uint8Array) => void | Promise<void>

const headBytes = 5
/** So much of a message is its beginning: more than any cursor. */
const beginningBytes = 2_048
const compressedFlag = 0x01
const trailersFlag = 0x80

/** A message in its frame, not compressed. */
export function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(headBytes + message.length)
  new DataView(framed.buffer).setUint32(1, message.length)
  framed.set(message, headBytes)
  return framed
}

/** The frame that ends an answer. */
export function trailersFrame(status: number, message = ''): Uint8Array<ArrayBuffer> {
  const text = `grpc-status:${status}\r\n${message === '' ? '' : `grpc-message:${encodeURIComponent(message)}\r\n`}`
  const framed = frame(new TextEncoder().encode(text))
  framed[0] = trailersFlag
  return framed
}

/**
 * Cuts a body into frames as it arrives, and unpacks those that are compressed.
 *
 * @param maxBytes - The largest message that is taken, packed or not.
 * @param onBeginning - Told how the first message begins, if possible before all of it is here; waited for.
 * @throws {FreshetError} `torii/message-too-large`, `torii/truncated` (retryable), `torii/bad-message`.
 */
export async function* readFrames(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onBeginning?: OnBeginning,
): AsyncGenerator<Frame> {
  const buffer = createByteBuffer()
  let begin = onBeginning
  for await (const chunk of chunks) {
    buffer.push(chunk)
    for (;;) {
      const head = buffer.peek(headBytes)
      if (!head) break
      const flags = head[0] ?? 0
      // Of what is no frame, the length is none either.
      if ((flags & ~(compressedFlag | trailersFlag)) !== 0) throw noFrame(flags)
      const length = new DataView(head.buffer, head.byteOffset).getUint32(1)
      if (length > maxBytes) throw tooLarge(length, maxBytes)
      const whole = buffer.take(headBytes + length)
      if (!whole) {
        const beginning = begin && flags === 0 && buffer.peek(headBytes + beginningBytes)
        if (beginning) {
          await begin?.(beginning.subarray(headBytes))
          begin = undefined
        }
        break
      }
      const item = await readFrame(flags, whole.subarray(headBytes), maxBytes)
      if (item.kind === 'message') await begin?.(item.bytes)
      begin = undefined
      yield item
    }
  }
  if (buffer.size > 0) throw truncated()
}

async function readFrame(flags: number, body: Uint8Array<ArrayBuffer>, maxBytes: number): Promise<Frame> {
  const bytes =
    (flags & compressedFlag) === 0 ? body : await gunzip(body, maxBytes, () => tooLarge(undefined, maxBytes))
  if ((flags & trailersFlag) === 0) return { kind: 'message', bytes }
  return { kind: 'trailers', headers: readTrailers(new TextDecoder().decode(bytes)) }
}

function readTrailers(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const colon = line.indexOf(':')
      return colon < 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]]
    }),
  )
}

/** Chunks joined only as far as a frame needs them. */
function createByteBuffer() {
  let chunks: Uint8Array[] = []
  let size = 0
  const copy = (count: number): Uint8Array<ArrayBuffer> => {
    const joined = new Uint8Array(count)
    let at = 0
    for (const chunk of chunks) {
      if (at >= count) break
      const piece = chunk.subarray(0, count - at)
      joined.set(piece, at)
      at += piece.length
    }
    return joined
  }
  return {
    get size() {
      return size
    },
    push(chunk: Uint8Array): void {
      if (chunk.length === 0) return
      chunks.push(chunk)
      size += chunk.length
    },
    peek: (count: number) => (size < count ? undefined : copy(count)),
    take(count: number): Uint8Array<ArrayBuffer> | undefined {
      if (size < count) return undefined
      const taken = copy(count)
      size -= count
      let rest = count
      let gone = 0
      for (const chunk of chunks) {
        if (rest < chunk.length) break
        rest -= chunk.length
        gone += 1
      }
      chunks = chunks.slice(gone)
      const [first] = chunks
      if (first && rest > 0) chunks[0] = first.subarray(rest)
      return taken
    },
  }
}

function tooLarge(bytes: number | undefined, maxBytes: number): FreshetError {
  return new FreshetError({
    code: 'torii/message-too-large',
    kind: 'remote',
    retryable: true,
    message: `A message of Torii has ${bytes ?? 'unpacked more'} bytes, the limit is ${maxBytes}. Smaller pages are asked for; else raise maxMessageBytes.`,
  })
}

export function truncated(): FreshetError {
  return new FreshetError({
    code: 'torii/truncated',
    kind: 'remote',
    retryable: true,
    message: 'The answer of Torii ended within a message. It is asked again.',
  })
}

function noFrame(flags: number): FreshetError {
  return new FreshetError({
    code: 'torii/bad-message',
    kind: 'protocol',
    message: `Expected a gRPC-web frame, got one with flags ${flags}. Check that the URL is that of a Torii.`,
  })
}
