import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStudioServer, type StudioServer } from '../studio-server.ts'
import type { MoveRequest } from './world-info.ts'

let folder: string
let server: StudioServer
let asked: MoveRequest[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'studio-'))
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), '<!-- studio-config -->')
  await writeFile(join(folder, 'assets/index-Ab1_2.js'), 'export {}')
  await writeFile(join(folder, 'assets/sync.browser.worker-Ab1_2.js'), 'export {}')
  asked = []
  const toriiUrl = 'http://127.0.0.1:8080'
  const manifest = { world: { address: '0x1' }, models: [] }
  server = await openStudioServer({
    app: folder,
    port: 0,
    config: {
      title: 'World',
      cacheName: 'world',
      remote: { url: 'ws://127.0.0.1:4000', namespace: 'n', database: 'd' },
      tables: {},
      demo: true,
      world: { kind: 'local', toriiUrl, manifest, width: 4, height: 4, pieces: 2, yours: 1 },
    },
    world: {
      async move(request) {
        asked.push(request)
        return request.piece === 1 ? undefined : 'Not yours.'
      },
    },
  })
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function send(body: string, headers: Record<string, string> = { 'x-freshet': '1' }) {
  const reply = await fetch(`${server.url}world/move`, { method: 'POST', headers, body })
  return { status: reply.status, text: await reply.text() }
}

test('[SW11] a move is taken from our own page alone, and answered with why it was refused', async () => {
  const move = { piece: 1, x: 2, y: 3 }
  expect(await send(JSON.stringify({ ...move, more: 'of it' }))).toEqual({
    status: 200,
    text: '{"refusal":null}',
  })
  expect(await send(JSON.stringify({ ...move, piece: 2 }))).toEqual({
    status: 200,
    text: '{"refusal":"Not yours."}',
  })
  expect(asked).toEqual([move, { ...move, piece: 2 }])

  expect(await send(JSON.stringify(move), {})).toMatchObject({ status: 403 })
  const elsewhere = { 'x-freshet': '1', origin: 'https://evil.example' }
  expect(await send(JSON.stringify(move), elsewhere)).toMatchObject({ status: 403 })
  expect(asked).toHaveLength(2)
})

test('[SW11] what is no move is said to be none', async () => {
  for (const body of [
    '',
    '{',
    'null',
    '7',
    '{"piece":1,"x":1}',
    '{"piece":1,"x":1.5,"y":1}',
    ' '.repeat(2_000),
  ])
    expect(await send(body), body).toMatchObject({ status: 400 })
  expect(asked).toEqual([])
})

test('[SW4] the page may connect to the Torii of its world', async () => {
  const { headers } = await fetch(server.url)
  expect(headers.get('content-security-policy')).toContain(
    "connect-src 'self' ws://127.0.0.1:4000 http://127.0.0.1:8080;",
  )
})

test('[SW4] the policy of a worker is that of this run: its script is not kept from another', async () => {
  const kept = async (file: string): Promise<string | null> =>
    (await fetch(`${server.url}assets/${file}`)).headers.get('cache-control')
  expect(await kept('index-Ab1_2.js')).toContain('immutable')
  expect(await kept('sync.browser.worker-Ab1_2.js')).toBe('no-cache')
})
