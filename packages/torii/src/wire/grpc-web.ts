import { FreshetError } from '@freshet/core'
import { decode, encode, type Codec } from './codec.ts'
import { frame, readFrames, truncated, type OnBeginning } from './frames.ts'
import { grpcError, httpError } from './grpc-status.ts'

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string
    readonly headers?: { readonly [name: string]: string }
    readonly body?: Uint8Array<ArrayBuffer>
    readonly signal: AbortSignal
  },
) => Promise<Response>

export type GrpcWebOptions = {
  readonly url: string
  readonly fetch: Fetch
  /** The largest message that is taken. */
  readonly maxMessageBytes: number
  /** Whether packed answers are asked for. */
  readonly gzip: boolean
}

/** Calls of `world.World` by gRPC-web, in a window, a worker and Node alike. */
export type GrpcWeb = {
  /** @param onBeginning - See `readFrames`. */
  unary<Q, A>(
    rpc: string,
    asked: readonly [Codec<Q>, Q],
    answer: Codec<A>,
    signal: AbortSignal,
    onBeginning?: OnBeginning,
  ): Promise<A>
  /** Ends cleanly when the server does. Leaving it closes the connection. */
  stream<Q, A>(
    rpc: string,
    asked: readonly [Codec<Q>, Q],
    answer: Codec<A>,
    signal: AbortSignal,
  ): AsyncGenerator<A>
}

/**
 * Sends no `grpc-timeout` and no header of its own: the cross-origin rules of
 * Torii let neither through. Time is limited by the signal.
 */
export function createGrpcWeb(options: GrpcWebOptions): GrpcWeb {
  const { url, maxMessageBytes } = options
  const headers = {
    'content-type': 'application/grpc-web+proto',
    'x-grpc-web': '1',
    ...(options.gzip && { 'grpc-accept-encoding': 'gzip' }),
  }

  async function* stream<Q, A>(
    rpc: string,
    [codec, asked]: readonly [Codec<Q>, Q],
    answer: Codec<A>,
    outer: AbortSignal,
    onBeginning?: OnBeginning,
  ): AsyncGenerator<A> {
    // Its own, so that leaving the loop ends the connection too.
    const leaving = new AbortController()
    const signal = AbortSignal.any([outer, leaving.signal])
    try {
      const body = frame(encode(codec, asked))
      const response = await options.fetch(`${url}/world.World/${rpc}`, {
        method: 'POST',
        headers,
        body,
        signal,
      })
      checkResponse(response, url, rpc)
      let ended = false
      for await (const item of readFrames(chunksOf(response, signal), maxMessageBytes, onBeginning)) {
        if (item.kind === 'message') yield decode(answer, item.bytes, `The answer to ${rpc}`)
        else {
          ended = true
          checkStatus(rpc, item.headers.get('grpc-status'), item.headers.get('grpc-message'))
        }
      }
      if (!ended && response.headers.get('grpc-status') === null) throw truncated()
    } catch (error) {
      throw outer.aborted ? outer.reason : asRemote(error, url, rpc)
    } finally {
      leaving.abort()
    }
  }

  return {
    stream,
    async unary(rpc, asked, answer, signal, onBeginning) {
      // Read to its end, so that the connection can be used again.
      const messages = []
      for await (const each of stream(rpc, asked, answer, signal, onBeginning)) messages.push(each)
      const [message] = messages
      if (message === undefined) throw truncated()
      return message
    },
  }
}

function checkResponse(response: Response, url: string, rpc: string): void {
  const contentType = response.headers.get('content-type') ?? ''
  if (response.status !== 200 || !contentType.startsWith('application/grpc')) {
    void response.body?.cancel().catch(() => {})
    throw httpError(url, rpc, response.status, contentType)
  }
  // An answer without a message may tell its status at once.
  const status = response.headers.get('grpc-status')
  if (status !== null) checkStatus(rpc, status, response.headers.get('grpc-message'))
}

function checkStatus(
  rpc: string,
  status: string | null | undefined,
  message: string | null | undefined,
): void {
  const code = Number(status ?? 2)
  if (code !== 0) throw grpcError(rpc, code, decoded(message ?? ''))
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}

async function* chunksOf({ body }: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!body) return
  const reader = body.getReader()
  // A body may not hear of the abort of its request.
  const leave = (): void => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', leave, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

function asRemote(error: unknown, url: string, rpc: string): FreshetError {
  if (error instanceof FreshetError) return error
  return new FreshetError({
    code: 'torii/unreachable',
    kind: 'remote',
    retryable: true,
    message: `${rpc} did not reach the Torii at ${url}: ${error instanceof Error ? error.message : String(error)}. It is tried again; in a browser the server must allow this origin (--http.cors_origins).`,
    cause: error,
  })
}
