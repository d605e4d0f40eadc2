import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '@freshet/core'
import { openBookServer } from '../raindex/serve/book-server.ts'
import type { DemoControl } from './demo-control.ts'
import { runStudioDemo } from './run-studio-demo.ts'
import { openStudioServer, type StudioServer } from './studio-server.ts'
import type { DemoAction, DemoState } from './studio-config.ts'

const config = {
  title: 'Bakery </script><script>alert(1)</script>',
  cacheName: 'test',
  remote: { url: 'ws://127.0.0.1:4000/rpc', namespace: 'n', database: 'd' },
  tables: {},
  demo: true,
}
const page = '<head><!-- studio-config --></head>'

let folder: string
let server: StudioServer
let performed: DemoAction[]
let tell: (state: DemoState) => void

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'studio-'))
  await mkdir(join(folder, 'app/assets'), { recursive: true })
  await writeFile(join(folder, 'app/index.html'), page)
  await writeFile(join(folder, 'app/assets/app.js'), 'export {}')
  await writeFile(join(folder, 'app/assets/replay-worker-Ab1_2.js'), 'export {}')
  await writeFile(join(folder, 'secret.html'), 'secret')
  performed = []
  const control: DemoControl = {
    state: () => ({ databaseRunning: true, othersWrite: performed.includes('start-others') }),
    subscribe(listener) {
      tell = listener
      return () => {}
    },
    async perform(action) {
      performed.push(action)
    },
    close() {},
  }
  server = await openStudioServer({ app: join(folder, 'app'), config, demo: control, port: 0 })
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

type Answer = {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
}

/** A request as no browser would send it: any path, any header. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { port, host } = new URL(server.url)
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers: { host, ...headers } },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

test('[SW1] the page carries its configuration as data that cannot end its own tag', async () => {
  const { text } = await ask('/')
  expect(text).not.toContain('<script>alert')
  const json = /id="studio-config">(.*?)<\/script>/.exec(text)?.[1] ?? ''
  expect(JSON.parse(json)).toEqual(config)
})

test('[SW2] only files of the app are served, whatever the path says', async () => {
  expect(await ask('/assets/app.js')).toMatchObject({ status: 200, text: 'export {}' })
  for (const path of [
    '/../secret.html',
    '/assets/../../secret.html',
    '/%2e%2e/secret.html',
    '/assets',
    '//x',
    '//[',
  ]) {
    expect(await ask(path), path).toMatchObject({ status: 404 })
  }
  expect(await ask('/', {}, 'PUT')).toMatchObject({ status: 405 })
})

test('[SW3] other hosts, other origins and other sites are refused', async () => {
  const { host } = new URL(server.url)
  const status = async (headers: Record<string, string>): Promise<number> => (await ask('/', headers)).status
  expect(await status({ host: host.replace('127.0.0.1', 'localhost') })).toBe(200)
  expect(await status({ host: `rebound.example:${new URL(server.url).port}` })).toBe(403)
  expect(await status({ host: '127.0.0.1:1' })).toBe(403)
  expect(await status({ origin: `http://${host}` })).toBe(200)
  expect(await status({ origin: 'https://evil.example' })).toBe(403)
  expect(await status({ origin: 'null' })).toBe(403)
  expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403)
})

test('[SW4] replies forbid scripts and connections that are not ours', async () => {
  const { headers } = await ask('/')
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
  const policy = String(headers['content-security-policy'])
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self';")
  expect(policy).toContain("connect-src 'self' ws://127.0.0.1:4000;")
  expect(policy).not.toContain('unsafe')
})

test('[SW4] the script of a worker may compile WebAssembly, and nothing else may', async () => {
  const policyOf = async (path: string): Promise<string> =>
    String((await ask(path)).headers['content-security-policy'])
  expect(await policyOf('/assets/replay-worker-Ab1_2.js')).toContain("script-src 'self' 'wasm-unsafe-eval';")
  expect(await policyOf('/assets/replay-worker-Ab1_2.js')).toContain("default-src 'none'")
  expect(await policyOf('/assets/app.js')).not.toContain('unsafe')
  expect(await policyOf('/assets/replay-worker-nothing.js')).not.toContain('unsafe')
})

test('[SW5] the demo obeys its own page only, and tells its state', async () => {
  expect(await ask('/demo/stop-database', {}, 'POST')).toMatchObject({ status: 403 })
  expect(await ask('/demo/stop-database', { 'x-freshet': '1' })).toMatchObject({ status: 404 })
  expect(await ask('/demo/toString', { 'x-freshet': '1' }, 'POST')).toMatchObject({ status: 404 })
  expect(performed).toEqual([])
  expect(await ask('/demo/stop-database', { 'x-freshet': '1' }, 'POST')).toMatchObject({ status: 204 })
  expect(performed).toEqual(['stop-database'])

  const stream = (await fetch(`${server.url}demo/state`)).body
    ?.pipeThrough(new TextDecoderStream())
    .getReader()
  expect((await stream?.read())?.value).toBe('data: {"databaseRunning":true,"othersWrite":false}\n\n')
  performed.push('start-others')
  tell({ databaseRunning: true, othersWrite: true })
  expect((await stream?.read())?.value).toContain('"othersWrite":true')
  await stream?.cancel()
})

test('[SW6] a taken port leads to a free one, an app that is not built to the command that builds it', async () => {
  const port = Number(new URL(server.url).port)
  const second = await openStudioServer({ app: join(folder, 'app'), config, port })
  expect(second.url).not.toBe(server.url)
  await second.close()
  await expect(openStudioServer({ app: folder, config, port: 0 })).rejects.toMatchObject({
    code: 'studio/not-built',
  })
})

test('[SW8] the service of an order book answers under the rules of Studio, and only to be read', async () => {
  const service = await openBookServer({ books: [], clock: systemClock })
  await server.close()
  server = await openStudioServer({
    app: join(folder, 'app'),
    config,
    port: 0,
    market: { serviceUrl: service.url },
  })
  expect(await ask('/book/books')).toMatchObject({ status: 200, text: '[]' })
  expect((await ask('/book/books')).headers['content-security-policy']).toContain("default-src 'none'")
  expect(await ask('/book/books', { host: 'rebound.example' })).toMatchObject({ status: 403 })
  expect(await ask('/book/books', { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
  expect(await ask('/book/books', { 'x-freshet': '1' }, 'POST')).toMatchObject({ status: 404 })
  // What looks like another host is only a path.
  expect(await ask('/book//elsewhere.example/books')).toMatchObject({ text: '[]' })
  expect(await ask('/book/books/0x12/grounds?id=nothing')).toMatchObject({ status: 404 })
  await service.close()
  expect(await ask('/book/books')).toMatchObject({ status: 502 })
})

test('[SW7] keys stop and start the database, set someone else writing, and quit', async () => {
  const lines: string[] = []
  const waiting: (() => void)[] = []
  const printed = async (text: string): Promise<void> => {
    while (!lines.some((line) => line.includes(text)))
      await new Promise<void>((resolve) => waiting.push(resolve))
  }
  let press: (key: string) => void = () => {}
  const run = runStudioDemo(
    { app: join(folder, 'app'), port: 0 },
    {
      print(line) {
        lines.push(line)
        for (const resolve of waiting.splice(0)) resolve()
      },
      onKey(listener) {
        press = listener
        return () => {}
      },
      signal: new AbortController().signal,
    },
  )
  await printed('q quit')
  expect(lines.join('\n')).toMatch(/http:\/\/127\.0\.0\.1:\d+\//)
  press('s')
  await printed('is stopped')
  press('s')
  await printed('runs again')
  press('w')
  await printed('writes every 2 seconds')
  press('k')
  await printed('streams of the world were killed')
  press('q')
  await run
})
