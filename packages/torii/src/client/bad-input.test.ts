import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import { frame, trailersFrame } from '../wire/frames.ts'
import type { Fetch } from '../wire/grpc-web.ts'
import { createToriiClient } from '../wire/torii-client.ts'
import type { EntityFilter } from './entity-filter.ts'
import { createReactiveClient } from './reactive-client.ts'

const grpc = { headers: { 'content-type': 'application/grpc-web+proto' } }
const html = { headers: { 'content-type': 'text/html' } }
const bomb = frame(gzipSync(new Uint8Array(2_000_000)))
bomb[0] = 1

type Bad = {
  readonly what: string
  readonly code: string
  /** Whether it goes on by itself once the server answers again; else it needs `resume()`. */
  readonly heals: boolean
  answer(): Response
}

const bads: readonly Bad[] = [
  {
    what: 'a web page where a Torii was',
    ...{ code: 'torii/not-torii', heals: true },
    answer: () => new Response('<html>', html),
  },
  {
    what: 'HTTP 404',
    ...{ code: 'torii/not-torii', heals: true },
    answer: () => new Response('', { ...html, status: 404 }),
  },
  {
    what: 'HTTP 502',
    ...{ code: 'torii/unavailable', heals: true },
    answer: () => new Response('', { status: 502 }),
  },
  {
    what: 'HTTP 504',
    ...{ code: 'torii/unavailable', heals: true },
    answer: () => new Response('', { status: 504 }),
  },
  {
    what: 'HTML that calls itself gRPC',
    ...{ code: 'torii/bad-message', heals: false },
    answer: () => new Response('<html><body>Sign in</body></html>', grpc),
  },
  {
    what: 'a frame that is cut off',
    ...{ code: 'torii/truncated', heals: true },
    answer: () => new Response(frame(new Uint8Array(100)).slice(0, 50), grpc),
  },
  {
    what: 'a gzip bomb',
    ...{ code: 'torii/message-too-large', heals: true },
    answer: () => new Response(bomb, grpc),
  },
  {
    what: 'a message over the limit',
    ...{ code: 'torii/message-too-large', heals: true },
    answer: () => new Response(frame(new Uint8Array(1_100_000)), grpc),
  },
  {
    what: 'noise in a frame',
    ...{ code: 'torii/bad-message', heals: false },
    answer: () => new Response(new Blob([frame(new Uint8Array([255, 255, 255])), trailersFrame(0)]), grpc),
  },
]

/** A client whose server answers calls with something else for a while. */
async function openOn(world: TestWorld) {
  let bad: Bad | undefined
  const fetch: Fetch = async (url, init) =>
    bad && new URL(url).pathname.startsWith('/world.World/') ? bad.answer() : world.server.fetch(url, init)
  const { clock, random, manifest } = world
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, manifest },
    client: createToriiClient({ toriiUrl: 'http://torii', fetch, gzip: false, maxMessageBytes: 1_000_000 }),
  })
  await settle(world, 1_000, () => client.getSyncStatus().overall.state === 'streaming')
  return { client, answerWith: (next: Bad | undefined) => void (bad = next) }
}

/**
 * Lets time pass until something is so. The platform unpacks in its own time, which a virtual clock does not know:
 * after `ms` of that one, only the platform is waited for.
 */
async function settle(world: TestWorld, ms: number, isSo: () => boolean): Promise<void> {
  for (let passed = 0; !isSo(); passed += 50) {
    if (passed < ms) await world.pass(50)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

test.each(bads)(
  '[TO10, TO28] $what is the error $code, and the last good world stays readable',
  async (bad) => {
    const world = createTestWorld()
    const id = world.place(1, 1)
    const { client, answerWith } = await openOn(world)
    expect(client.get(position, id)).toMatchObject({ vec: { x: 1 } })
    answerWith(bad)
    world.server.cut('reset')
    world.place(1, 2)
    // The reset comes first, and what is answered then.
    await settle(world, 8_000, () => client.getSyncStatus().overall.lastError?.code === bad.code)
    const { state, lastError, lagMs } = client.getSyncStatus().overall
    expect(lastError?.message).toMatch(/\.$/)
    expect(state).toBe(bad.heals ? 'bootstrapping' : 'halted')
    expect(lagMs).toBeGreaterThan(0)
    expect(client.get(position, id)).toMatchObject({ vec: { x: 1 } })
    answerWith(undefined)
    if (!bad.heals) client.resume()
    await settle(world, 200_000, () => client.getSyncStatus().overall.state === 'streaming')
    expect(client.getSyncStatus().overall).toMatchObject({ state: 'streaming', lastError: undefined })
    expect(client.get(position, id)).toMatchObject({ vec: { x: 2 } })
    await client.shutdown()
  },
)

test.each([
  ['another world', { worldAddress: '0x999' }, 'torii/unknown-world'],
  ['a model nobody indexes', { models: ['ns-Position', 'ns-Nothing'] }, 'torii/unknown-model'],
] as const)('[TO28] %s halts and says what is there instead', async (_, options, code) => {
  const world = createTestWorld()
  const { clock, random, client: transport, manifest } = world
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, manifest, client: transport },
    ...options,
  })
  const heard: unknown[] = []
  client.errors.subscribe((error) => heard.push(error))
  await world.pass(1_000)
  expect(heard).toMatchObject([
    { name: 'SyncFatalError', reason: { code, message: expect.stringMatching(/Check/) } },
  ])
  await expect(client.ready).rejects.toMatchObject({ code })
  await client.shutdown()
})

function nested(depth: number): object {
  let condition: object = { member: 'vec.x', op: 'eq', value: 1 }
  for (let level = 0; level < depth; level++) condition = { op: 'or', where: [condition] }
  return condition
}

test.each([
  ['an operator nobody knows', { where: [{ member: 'vec.x', op: 'like', value: 1 }] }, 'use eq, neq'],
  ['no operator', { where: [{ member: 'vec.x', value: 1 }] }, 'use eq, neq'],
  ['no member', { where: [{ op: 'eq', value: 1 }] }, 'such as vec.x'],
  ['no value', { where: [{ member: 'vec.x', op: 'eq' }] }, 'without a value'],
  ['no list of values', { where: [{ member: 'vec.x', op: 'in', value: 1 }] }, 'list of values'],
  ['no list of conditions', { where: { member: 'vec.x', op: 'eq', value: 1 } }, 'list of conditions'],
  ['no list within an or', { where: [{ op: 'or' }] }, 'list of conditions'],
  ['a condition that is none', { where: ['vec.x = 1'] }, 'give { member, op, value }'],
  ['conditions without an end', { where: [nested(10_000)] }, 'flatten'],
  ['keys that are none', { keys: ['0x1'] }, 'by member'],
  ['a key that is none', { keys: { player: {} } }, 'by member'],
  ['one id and no list', { hashedKeys: '0x1' }, 'list of entity ids'],
  ['a text', 'vec.x < 10', '{ hashedKeys, keys, where }'],
  ['a list', [], '{ hashedKeys, keys, where }'],
])('[TO21] a filter with %s is a usage error that says how it is written', async (_, filter, says) => {
  const world = createTestWorld()
  const { clock, random, client: transport, manifest } = world
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, manifest, client: transport },
  })
  // As plain JavaScript may call it.
  const asked = { filter } as unknown as Parameters<typeof client.query>[1]
  const refusal = expect.objectContaining({
    ...{ code: 'torii/bad-filter', kind: 'usage', message: expect.stringContaining(says) },
  })
  expect(() => client.query(position, asked)).toThrow(refusal)
  expect(() => client.subscribe(position, null, () => {}, asked)).toThrow(refusal)
  await client.shutdown()
})

test('[TO21] filters may be nested, and a limit that is none is a usage error', async () => {
  const world = createTestWorld()
  const { clock, random, client: transport, manifest } = world
  world.place(1, 1)
  world.place(2, 2)
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, manifest, client: transport },
  })
  await world.pass(500)
  const where = [nested(80)] as unknown as EntityFilter['where']
  expect(client.query(position, { filter: { where } }).rows.length).toBe(1)
  expect(client.query(position, { limit: 0 }).rows).toEqual([])
  for (const limit of [-1, 1.5, NaN])
    expect(() => client.query(position, { limit })).toThrow(
      expect.objectContaining({ code: 'torii/bad-limit' }),
    )
  await client.shutdown()
})

test('[TO21] a tag that is none is a usage error', async () => {
  const world = createTestWorld()
  const { clock, random, client: transport, manifest } = world
  const opening = createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, manifest, client: transport, models: ['model'] },
  })
  await expect(opening).rejects.toMatchObject({ code: 'torii/bad-model-tag', kind: 'usage' })
})
