import { systemClock } from '@freshet/core'
import { createSeededRandom, createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { movesMembers, positionMembers } from '../testing/demo-models.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createToriiClient, type EntityPush, type ReactiveToriiClient } from '../wire/torii-client.ts'
import { listenTorii } from './listen-torii.ts'
import { createToriiServer, type ToriiServer } from './torii-server.ts'

const position = 'ns-Position'
const moves = 'ns-Moves'
const quiet = new AbortController().signal

function newServer(): { server: ToriiServer; client: ReactiveToriiClient; world: string } {
  const clock = createVirtualClock()
  const server = createToriiServer({ clock, random: createSeededRandom(1) })
  server.world.declare(position, positionMembers)
  server.world.declare(moves, movesMembers)
  const client = createToriiClient({ toriiUrl: 'http://torii', fetch: server.fetch })
  return { server, client, world: server.world.address }
}

function place(server: ToriiServer, player: number, x: number): string {
  return server.world.set(position, { player: canonicalFelt(player), vec: { x, y: 0 } })
}

test('[TO12] pages go from the newest change to the oldest, and a write moves its entity to the head', async () => {
  const { server, client, world } = newServer()
  const ids = [1, 2, 3, 4, 5].map((player) => place(server, player, player))
  server.world.writeMember(position, ids[0] ?? '', 'vec', { x: 9, y: 9 })
  const first = await client.entities({ world, models: [position], limit: 2 }, quiet)
  expect(first.entities.map(({ id }) => id)).toEqual([ids[0], ids[4]])
  const second = await client.entities({ world, models: [position], limit: 2, cursor: first.next }, quiet)
  expect(second.entities.map(({ id }) => id)).toEqual([ids[3], ids[2]])
  const third = await client.entities({ world, models: [position], limit: 2, cursor: second.next }, quiet)
  expect(third.entities.map(({ id }) => id)).toEqual([ids[1]])
  expect(third.next).toBeUndefined()
})

test('[TO12] what the server cannot do it says as the real one: status, empty page or closed door', async () => {
  const { server, client, world } = newServer()
  place(server, 1, 1)
  const page = (asked: { models: string[]; cursor?: string; limit?: number }) =>
    client.entities({ world, limit: 10, ...asked }, quiet)
  expect((await page({ models: ['ns-Unknown'] })).entities).toEqual([])
  await expect(page({ models: [position], cursor: '!' })).rejects.toMatchObject({ code: 'torii/internal' })
  server.setSql(false)
  expect(await client.entityIds(world, server.world.models()[0]?.selector ?? '', quiet)).toBeUndefined()
})

test('[TO13] a subscription says first that it stands, then whole sets, members, records and deletions', async () => {
  const { server, client, world } = newServer()
  const heard: EntityPush[] = []
  const controller = new AbortController()
  const listening = (async () => {
    for await (const push of client.subscribeEntities(world, [position], controller.signal)) {
      heard.push(push)
      if (heard.length === 1) {
        const id = place(server, 7, 1)
        server.world.writeMember(position, id, 'vec', { x: 2, y: 2 })
        server.world.update(position, id, { vec: { x: 3, y: 3 } })
        server.world.set(moves, { player: canonicalFelt(7), remaining: 2n ** 60n, last_direction: 'Up' })
        server.world.delete(position, id)
      }
      if (heard.length === 5) controller.abort()
    }
  })()
  await expect(listening).rejects.toThrow(/aborted/)
  const [first, ...rest] = heard
  expect(first).toEqual({ kind: 'subscribed' })
  const player = canonicalFelt(7)
  expect(rest.map((push) => (push.kind === 'entity' ? push.entity.models[0] : undefined))).toEqual([
    { tag: position, members: { player, vec: { x: 1, y: 0 } } },
    { tag: position, members: { vec: { x: 2, y: 2 } } },
    { tag: position, members: { vec: { x: 3, y: 3 } } },
    { tag: position, members: {} },
  ])
  expect(server.openStreams).toBe(0)
})

test('[TO13] the world, its schema and the ids of a model are told, over a real port as well', async () => {
  const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
  server.world.declare(moves, movesMembers)
  const player = canonicalFelt(0xabc)
  const id = server.world.set(moves, { player, remaining: 2n ** 64n - 1n, last_direction: 'Down' })
  for (let other = 1; other <= 50; other++) {
    server.world.set(moves, { player: canonicalFelt(other), remaining: 1n, last_direction: 'Up' })
  }
  const { url, close } = await listenTorii(server)
  const client = createToriiClient({ toriiUrl: `${url}/` })
  const { address } = server.world
  expect(await client.version(quiet)).toBe('1.8.16 (fe3ed0f)')
  expect(await client.schemas(address, [moves, 'ns-Other'], quiet)).toEqual({
    known: server.world.models(),
    broken: [],
  })
  const models = server.world.models().map(({ tag, selector, classHash }) => ({ tag, selector, classHash }))
  expect(await client.worlds(quiet)).toEqual([{ address, models }])
  const { entities } = await client.entities({ world: address, models: [moves], limit: 100 }, quiet)
  expect(entities.length).toBe(51)
  expect(entities.find((entity) => entity.id === id)?.models[0]?.members).toEqual({
    player,
    remaining: 2n ** 64n - 1n,
    last_direction: 'Down',
  })
  const ids = await client.entityIds(address, server.world.models()[0]?.selector ?? '', quiet)
  expect(ids).toEqual(new Set(entities.map((entity) => entity.id)))
  for await (const { head } of client.subscribeWorld(address, quiet)) {
    expect(head).toBe(51n)
    break
  }
  await expect(client.schemas('0x99', [moves], quiet)).rejects.toMatchObject({ code: 'torii/unknown-world' })
  await close()
  await expect(client.version(quiet)).rejects.toMatchObject({ code: 'torii/unreachable', retryable: true })
  server.close()
})

test.each(['ftp://torii', 'torii', ''])('[TO10] %j is refused as the URL of a Torii', (toriiUrl) => {
  expect(() => createToriiClient({ toriiUrl })).toThrow(expect.objectContaining({ code: 'torii/bad-url' }))
})

test('[TO10] a page that is too large is an error that says to ask for less', async () => {
  const clock = createVirtualClock()
  const server = createToriiServer({ clock, random: createSeededRandom(1), maxMessageBytes: 500 })
  server.world.declare(position, positionMembers)
  for (let player = 1; player < 10; player++) place(server, player, player)
  const client = createToriiClient({ toriiUrl: 'http://torii', fetch: server.fetch })
  const asked = { world: server.world.address, models: [position] }
  await expect(client.entities({ ...asked, limit: 9 }, quiet)).rejects.toMatchObject({
    code: 'torii/out-of-range',
  })
  expect((await client.entities({ ...asked, limit: 1 }, quiet)).entities.length).toBe(1)
})
