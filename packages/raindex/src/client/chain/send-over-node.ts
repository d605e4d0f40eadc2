import { Agent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { pipeline, type Duplex, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { letGo, type RpcRequest, type RpcSend } from './rpc-send.ts'
import * as overFetch from './send-over-fetch.ts'

/**
 * Sends with Node's own HTTP client, whose memory can be kept small: the parts of `fetch` are copied once more, and
 * what is left of them has the heap looked through again and again, which is nearly a third of the work of a fill.
 *
 * Where proxies are taken from the environment, and for redirections, `fetch` is asked: it knows both.
 */
export const sendRpc: RpcSend = async (request) => {
  if (process.env['NODE_USE_ENV_PROXY'] === '1') return overFetch.sendRpc(request)
  const response = await respond(request)
  const { statusCode: status = 0, headers } = response
  if (status >= 300 && status < 400 && headers.location !== undefined) {
    response.resume()
    return overFetch.sendRpc(request)
  }
  return {
    status,
    header(name) {
      const value = headers[name.toLowerCase()]
      return typeof value === 'string' ? value : null
    },
    read: (take) => readParts(response, take),
  }
}

/** All sockets read into one memory: what they have read is copied before the next one reads. */
const onread = {
  buffer: new Uint8Array(65_536),
  callback(this: Socket, size: number, memory: Uint8Array): boolean {
    // As without a memory of its own.
    this.emit('data', memory.subarray(0, size))
    return true
  },
}
const agentOptions = { keepAlive: true, timeout: 5_000, onread }
const agent = new Agent(agentOptions)
const secureAgent = new SecureAgent(agentOptions)

function respond(request: RpcRequest): Promise<IncomingMessage> {
  const { url, body, headers: given, signal } = request
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const isSecure = new URL(url).protocol === 'https:'
  const length = String(Buffer.byteLength(body))
  const headers = { ...given, 'Content-Length': length, 'Accept-Encoding': 'gzip, deflate, br' }
  const sent: ClientRequest = isSecure
    ? requestHttps(url, { agent: secureAgent, method: 'POST', headers })
    : requestHttp(url, { agent, method: 'POST', headers })
  const abort = (): void => void sent.destroy(reasonOf(signal))
  signal.addEventListener('abort', abort)
  sent.on('close', () => signal.removeEventListener('abort', abort))
  sent.on('response', resolve)
  sent.on('error', (error: NodeJS.ErrnoException) => {
    // The server had closed what was kept open, just when it was used again.
    if (sent.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted) resolve(respond(request))
    else reject(error)
  })
  if (signal.aborted) abort()
  sent.end(body)
  return promise
}

async function readParts(response: IncomingMessage, take: (part: Uint8Array) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const [parts, isOwn] = decoded(response, reject)
  parts.on('data', (part: Buffer<ArrayBuffer>) => {
    try {
      take(part)
      if (isOwn) letGo(part)
    } catch (error) {
      reject(error)
      response.destroy()
    }
  })
  parts.on('end', resolve)
  parts.on('error', reject)
  response.on('close', () => {
    if (!response.complete) reject(new Error('The connection was closed within an answer.'))
  })
  await promise
}

/** What an answer says, and whether the memory of its parts is nobody else's. */
function decoded(
  response: IncomingMessage,
  fail: (error: Error) => void,
): readonly [parts: Readable, isOwn: boolean] {
  const decoder = decoderFor(response.headers['content-encoding'])
  if (decoder === undefined) return [response, true]
  return [pipeline(response, decoder, (error) => error && fail(error)), false]
}

function decoderFor(encoding: string | undefined): Duplex | undefined {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      return undefined
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('The request was ended.')
}
