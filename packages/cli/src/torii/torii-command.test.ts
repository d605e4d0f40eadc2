import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDemoWorld, type DemoWorld } from '@freshet/torii/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { runCommand, type Ran } from '../testing/run-command.ts'

let demo: DemoWorld
let folder: string

beforeAll(async () => {
  demo = await startDemoWorld({ players: 5 })
  folder = await mkdtemp(join(tmpdir(), 'freshet-torii-'))
})
afterAll(async () => {
  await demo.close()
  await rm(folder, { recursive: true, force: true })
})

const torii = (words: readonly string[], more?: Partial<Io>): Promise<Ran> =>
  runCommand(['torii', ...words], more)

test('[CL18] status names the server, the world and its models', async () => {
  const { code, out } = await torii(['status', demo.url])
  expect(code).toBe(0)
  expect(out[0]).toBe(`Torii 1.8.16 (fe3ed0f) at ${demo.url}`)
  expect(out.slice(2)).toEqual(['  ns-Position', '  ns-Moves'])
})

test('[CL18] sync says what it waits for while the server is away', async () => {
  const shown: string[] = []
  const progress = (text: string): void => {
    // Away from the first word of progress until it is noticed.
    if (shown.length === 0) demo.server.setOutage(true)
    if (text.startsWith('Next attempt')) demo.server.setOutage(false)
    shown.push(text)
  }
  const { code, out } = await torii(['sync', demo.url], { progress })
  demo.server.setOutage(false)
  expect(code).toBe(0)
  expect(out).toContain('ns-Position  5 entities')
  expect(shown).toContainEqual(expect.stringMatching(/^Next attempt in \d s: .+ did not reach the Torii/))
})

test('[CL18] sync reads the models and counts, to disk with --cache', async () => {
  const shown: string[] = []
  const progress = (text: string) => void shown.push(text)
  const first = await torii(['sync', demo.url, '--cache', folder], { progress })
  expect(first).toMatchObject({ code: 0, out: ['ns-Position  5 entities', 'ns-Moves  5 entities'] })
  expect(shown.at(-1)).toBe('')
  expect((await readdir(folder)).filter((file) => file.endsWith('.db')).length).toBe(1)
  const pages = () => demo.server.calls.get('/world.World/RetrieveEntities') ?? 0
  const before = pages()
  const second = await torii(['sync', demo.url, '--cache', folder])
  expect(second.out).toEqual(first.out)
  // What the disk holds is not read again: the head, and the gap since.
  expect(pages() - before).toBeLessThanOrEqual(3)
})

test('[CL18] a world that was upgraded since it was cached is read again, by each command', async () => {
  const upgraded = await startDemoWorld({ players: 2 })
  const { world } = upgraded.server
  const cache = ['--cache', join(folder, 'upgraded')]
  const [model] = world.models().filter(({ tag }) => tag === 'ns-Position')
  const upgrade = (name: string): void => {
    const level = { name, key: false, type: { kind: 'primitive', scalar: 'u8' } } as const
    const members = [...(model?.members ?? []), level]
    world.declare('ns-Position', members)
    for (const [, row] of world.rows('ns-Position')) world.set('ns-Position', { ...row, [name]: 7 })
  }
  const said = 'The world was upgraded since it was cached; it is read again.'
  expect(await torii(['sync', upgraded.url, ...cache])).toMatchObject({ code: 0 })
  upgrade('level')
  const synced = await torii(['sync', upgraded.url, ...cache])
  expect(synced).toMatchObject({ code: 0, out: ['ns-Position  2 entities', 'ns-Moves  2 entities'] })
  expect(synced.err[0]).toBe(said)
  upgrade('rank')
  const asked = await torii(['query', upgraded.url, 'ns-Position', 'rank=7', ...cache])
  expect(asked).toMatchObject({ code: 0, err: [said, '2 entities'] })
  upgrade('age')
  const leaving = new AbortController()
  const lines: string[] = []
  const watched = await torii(['watch', upgraded.url, 'ns-Position', ...cache], {
    out: (line) => {
      lines.push(line)
      if (lines.filter((each) => each.startsWith('+') && each.includes('age')).length === 2) leaving.abort()
    },
    interrupted: () => leaving.signal,
  })
  expect(watched.err).toContain(said)
  await upgraded.close()
})

test('[CL19] query prints what matches, with all digits', async () => {
  const { code, out, err } = await torii(['query', demo.url, 'ns-Moves', 'player=0x3', 'remaining=100'])
  expect({ code, err }).toEqual({ code: 0, err: ['1 entities'] })
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ player: `0x${'0'.repeat(63)}3`, remaining: 100 })
  expect((await torii(['query', demo.url, 'ns-Position', 'vec.x=2'])).out.length).toBe(1)
})

test.each([
  [['query', 'URL'], 'Name a model'],
  [['query', 'URL', 'ns-None'], 'There is no model ns-None. This world has ns-Position, ns-Moves.'],
  [['query', 'URL', 'ns-Position', 'vec.z=1'], 'There is no member vec.z'],
  [['query', 'URL', 'ns-Position', 'vec.x=one'], 'vec.x holds a whole number'],
  [['query', 'URL', 'ns-Position', 'vec'], 'is no condition'],
  [['dance', 'URL'], 'sync|query|watch|status'],
  [['sync'], 'sync|query|watch|status'],
])('[CL19] the call %j is one sentence and exit code 2', async (words, sentence) => {
  const { code, err } = await torii(words.map((word) => (word === 'URL' ? demo.url : word)))
  expect({ code, lines: err.length }).toEqual({ code: 2, lines: 1 })
  expect(err[0]).toContain(sentence)
})

test('[CL20] watch prints the entities and each change until it is interrupted', async () => {
  const leaving = new AbortController()
  const lines: string[] = []
  const id = demo.place(1, 1, 0)
  const out = (line: string): void => {
    lines.push(line)
    if (lines.length === 5) demo.server.world.writeMember('ns-Position', id, 'vec', { x: 9, y: 9 })
    if (line.startsWith('~')) leaving.abort()
  }
  const { code } = await torii(['watch', demo.url, 'ns-Position'], { out, interrupted: () => leaving.signal })
  expect(code).toBe(0)
  expect(lines.filter((line) => line.startsWith('+')).length).toBe(5)
  expect(lines.at(-1)).toBe(`~ ${id}  vec: {"x":1,"y":0} → {"x":9,"y":9}`)
})

test('[CL21] what is no Torii, and what is out of reach, is one sentence and exit code 3', async () => {
  for (const url of ['http://127.0.0.1:1', `${demo.url}/nowhere`]) {
    const { code, err } = await torii(['status', url])
    expect({ code, lines: err.length }).toEqual({ code: 3, lines: 1 })
  }
})
