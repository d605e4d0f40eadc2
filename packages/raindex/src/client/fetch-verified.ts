import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { RaindexClientError } from './client-error.ts'
import type { RpcFetch } from './chain/send-over-fetch.ts'

export type VerifiedDownload = {
  readonly url: string
  /** What the bytes must hash to, as hex. */
  readonly sha256: string
  readonly fetch?: RpcFetch | undefined
  /** Largest download that is taken. Default 256 MiB. */
  readonly maxBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Downloads a dump or a snapshot, to begin from.
 *
 * @throws {RaindexClientError} `NodeUnreachable`: it did not come, retryable. `ChecksumMismatch`: it is not what it
 * should be, or larger than is taken; nothing of it is used.
 */
export async function fetchVerified(download: VerifiedDownload): Promise<Uint8Array> {
  const { url } = download
  const bytes = await fetchBytes(download)
  const found = bytesToHex(sha256(bytes))
  if (found === download.sha256.toLowerCase().replace(/^0x/, '')) return bytes
  const message = `The download ${url} has the checksum ${found} and not ${download.sha256}. Check where both come from.`
  throw new RaindexClientError('ChecksumMismatch', { message, details: { url, found } })
}

/** Downloads what nobody gives a checksum for. @throws as `fetchVerified`, but for the checksum. */
export async function fetchBytes(download: Omit<VerifiedDownload, 'sha256'>): Promise<Uint8Array> {
  const { url, maxBytes = 256 * 2 ** 20 } = download
  return readBody(await request(download), url, maxBytes)
}

async function request({
  url,
  fetch = globalThis.fetch,
  signal,
}: Omit<VerifiedDownload, 'sha256'>): Promise<Response> {
  try {
    const response = await fetch(url, signal ? { signal } : {})
    if (response.ok) return response
    throw new Error(`The server answers with status ${response.status}.`)
  } catch (error) {
    throw unreachable(url, error)
  }
}

async function readBody(response: Response, url: string, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of response.body ?? []) {
      size += part.byteLength
      if (size > maxBytes) throw tooLarge(url, maxBytes)
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof RaindexClientError) throw error
    throw unreachable(url, error)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

function unreachable(url: string, cause: unknown): RaindexClientError {
  const message = `The download ${url} did not come. Check the address and the network.`
  return new RaindexClientError('NodeUnreachable', { message, details: { url }, retryable: true, cause })
}

function tooLarge(url: string, maxBytes: number): RaindexClientError {
  const message = `The download ${url} is larger than ${maxBytes} bytes. Raise maxBytes if that is right.`
  return new RaindexClientError('ChecksumMismatch', { message, details: { url, maxBytes } })
}
