import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { RpcRequest, RpcSend } from './rpc-send.ts'
import * as overFetch from './send-over-fetch.ts'
import * as overNode from './send-over-node.ts'

afterEach(() => void vi.unstubAllEnvs())

const senders: Readonly<Record<string, RpcSend>> = {
  'the platform’s fetch': overFetch.sendRpc,
  'a given fetch': overFetch.sendOverFetch(fetch),
  'the HTTP client of Node': overNode.sendRpc,
}

describe.each(Object.entries(senders))('%s', (_, send) => {
  test('[CN5] an answer comes whole and in order, while others come over the same connections', async () => {
    const url = await serve((request, response) => {
      const body: Buffer[] = []
      request.on('data', (part: Buffer) => body.push(part))
      request.on('end', () => {
        const asked = Buffer.concat(body).toString()
        response.writeHead(200, { 'Content-Type': 'application/json' })
        for (let part = 0; part < 30; part++) response.write(asked.repeat(5_000))
        response.end('end')
      })
    })
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(['é', 'two', 'three'].map((body) => read(send, { url, body })))
      expect(answers).toEqual(['é', 'two', 'three'].map((body) => `${body.repeat(150_000)}end`))
    }
  })

  test('[CN5] a status and headers are told, and what stands with them', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(429, { 'Retry-After': '7' })
      response.end('slow down')
    })
    const answer = await send(request({ url }))
    expect([answer.status, answer.header('Retry-After'), answer.header('retry-after')]).toEqual([
      429,
      '7',
      '7',
    ])
    expect(answer.header('Location')).toBeNull()
    expect(await textOf(answer)).toBe('slow down')
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('[CN5] an answer packed as %s is unpacked', async (encoding, pack) => {
    const said = 'said again and again '.repeat(20_000)
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Encoding': encoding })
      response.end(pack(said))
    })
    expect(await read(send, { url })).toBe(said)
  })

  test('[CN5] what is broken off, is no packed text, or does not come at all is an error', async () => {
    const brokenOff = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half', () => response.destroy())
    })
    await expect(read(send, { url: brokenOff })).rejects.toBeInstanceOf(Error)
    const noGzip = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' })
      response.end('plain')
    })
    await expect(read(send, { url: noGzip })).rejects.toBeInstanceOf(Error)
    const nobody = await serve(() => undefined)
    await closed(servers.get(nobody))
    await expect(read(send, { url: nobody })).rejects.toBeInstanceOf(Error)
    await expect(read(send, { url: 'no address' })).rejects.toBeInstanceOf(Error)
  })

  test('[CN5] whoever stops waiting is not kept waiting, before an answer and within it', async () => {
    const held = Promise.withResolvers<void>()
    const url = await serve((_request, response) => {
      response.writeHead(200)
      response.write('part')
      void held.promise.then(() => response.end())
    })
    const before = new AbortController()
    before.abort()
    await expect(send(request({ url, signal: before.signal }))).rejects.toBeInstanceOf(Error)
    const within = new AbortController()
    const answer = await send(request({ url, signal: within.signal }))
    await expect(answer.read(() => within.abort())).rejects.toBeInstanceOf(Error)
    held.resolve()
  })

  test('[CN5] what refuses a part ends the reading, though the sender never stops', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200)
      const write = (): void => void (response.destroyed || response.write('more'.repeat(1_000), write))
      write()
    })
    const answer = await send(request({ url }))
    const refuse = answer.read(() => {
      throw new RangeError('enough')
    })
    await expect(refuse).rejects.toThrow(new RangeError('enough'))
  })

  test('[CN6] a connection that the server closed meanwhile is replaced', async () => {
    let answered = 0
    const url = await serve((_request, response) => {
      answered += 1
      response.end(String(answered))
    })
    expect(await read(send, { url })).toBe('1')
    servers.get(url)?.closeAllConnections()
    expect(await read(send, { url })).toBe('2')
  })

  test('[CN6] a node that has moved is followed', async () => {
    const to = await serve((_request, response) => response.end('moved'))
    const from = await serve((_request, response) => {
      response.writeHead(308, { Location: to })
      response.end()
    })
    expect(await read(send, { url: from })).toBe('moved')
  })

  test.skipIf(!hasOpenssl())('[CN6] a node is asked over TLS', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const url = await listen(
      createSecureServer(certificate(), (_request, response) => response.end('safe '.repeat(50_000))),
      'https',
    )
    const [one, other] = await Promise.all([read(send, { url }), read(send, { url })])
    expect([one, other]).toEqual(['safe '.repeat(50_000), 'safe '.repeat(50_000)])
  })
})

test('[CN6] where proxies stand in the environment, what knows them is asked', async () => {
  const url = await serve((request_, response) => response.end(request_.headers['user-agent'] ?? 'none'))
  expect(await read(overNode.sendRpc, { url })).toBe('none')
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  expect(await read(overNode.sendRpc, { url })).toBe('node')
})

const servers = new Map<string, Server>()

function serve(answer: RequestListener): Promise<string> {
  return listen(createServer(answer), 'http')
}

async function listen(server: Server, protocol: 'http' | 'https'): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listens on a port, so its address is one.
  const url = `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/`
  servers.set(url, server)
  onTestFinished(() => closed(server))
  return url
}

async function closed(server: Server | undefined): Promise<void> {
  if (server?.listening !== true) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

function request(given: Partial<RpcRequest>): RpcRequest {
  return { url: '', headers: {}, body: '{}', signal: new AbortController().signal, ...given }
}

async function read(send: RpcSend, given: Partial<RpcRequest>): Promise<string> {
  return textOf(await send(request(given)))
}

async function textOf(answer: Awaited<ReturnType<RpcSend>>): Promise<string> {
  const parts: Uint8Array[] = []
  await answer.read((part) => parts.push(Uint8Array.from(part)))
  return Buffer.concat(parts).toString()
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** For this run only. */
function certificate(): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-tls-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
