import { expect, test } from 'vitest'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import { createReactiveClient } from './reactive-client.ts'
import type { OverlayTrace } from './trace-overlays.ts'

async function open(world: TestWorld) {
  const { clock, random, client, manifest } = world
  const opened = await createReactiveClient({ toriiUrl: 'http://torii', clock, random, client, manifest })
  await world.pass(200)
  return opened
}

const never = new AbortController().signal

async function lastChange({ client, server }: TestWorld, entityId: string): Promise<string> {
  return (await client.changedBy(server.world.address, position, entityId, never)) ?? ''
}

test('[TO36] an exact change falls by its transaction, whatever values the contract made of it', async () => {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  const client = await open(world)
  const sending = Promise.withResolvers<unknown>()
  const payload = { entityId, vec: { x: 4, y: 4 } }
  const move = client.mutate(position, payload, { exact: true, send: () => sending.promise })
  // Somebody else makes what was asked for: by values it would be confirmed.
  world.server.world.writeMember(position, entityId, 'vec', { x: 4, y: 4 })
  await world.pass(2_000)
  expect(client.getOverlayFor(entityId).length).toBe(1)
  world.server.world.writeMember(position, entityId, 'vec', { x: 4, y: 5 })
  sending.resolve({ transaction_hash: await lastChange(world, entityId) })
  await world.pass(2_000)
  expect(await move.settled).toBe('confirmed')
  expect(client.get(position, entityId)).toMatchObject({ vec: { x: 4, y: 5 } })
  await client.shutdown()
})

test('[TO36] where the SQL door is shut, an exact change waits for its timeout', async () => {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  const client = await open(world)
  world.server.setSql(false)
  const hash = '0x123'
  const move = client.mutate(
    position,
    { entityId, vec: { x: 4, y: 4 } },
    { exact: true, timeoutMs: 5_000, send: async () => hash },
  )
  await world.pass(6_000)
  expect(await move.settled).toBe('timed-out')
  await client.shutdown()
})

test('[TO36] a receipt that says reverted undoes the change at once, one that cannot be had changes nothing', async () => {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  const client = await open(world)
  const payload = { entityId, vec: { x: 4, y: 4 } }
  const asked: string[] = []
  const reverted = client.mutate(position, payload, {
    send: async () => ({ transaction_hash: '0xabc' }),
    receipt: async (hash) => {
      asked.push(hash)
      return 'reverted'
    },
  })
  expect(await reverted.settled).toBe('rolled-back')
  expect(asked).toEqual([`0x${'abc'.padStart(64, '0')}`])
  expect(client.get(position, entityId)).toMatchObject({ vec: { x: 1 } })

  const move = client.mutate(position, payload, {
    send: async () => '0xabc',
    receipt: () => Promise.reject(new Error('The node is away.')),
  })
  world.server.world.writeMember(position, entityId, 'vec', { x: 4, y: 4 })
  await world.pass(100)
  expect(await move.settled).toBe('confirmed')
  await client.shutdown()
})

test('[TO36] a trace tells what became of each change, and where the world overtook one', async () => {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  const client = await open(world)
  const traces: OverlayTrace[] = []
  client.unstable_trace((trace) => traces.push(trace))
  const payload = { entityId, vec: { x: 4, y: 4 } }
  const move = client.mutate(position, payload, { transactionId: 'a' })
  expect(() =>
    client.mutate(position, { entityId, vec: { x: 5, y: 5 } }, { transactionId: 'b', guard: () => false }),
  ).toThrow(expect.objectContaining({ code: 'torii/overlay-conflict' }))
  world.server.world.writeMember(position, entityId, 'vec', { x: 9, y: 9 })
  await world.pass(100)
  move.rollback()
  await world.pass(100)
  const about = { entityId, model: position }
  expect(traces).toEqual([
    { ...about, transactionId: 'a', kind: 'submitted' },
    { ...about, transactionId: 'b', kind: 'refused', message: expect.stringContaining('pending') },
    { ...about, transactionId: 'a', kind: 'overtaken', members: ['vec'] },
    { ...about, transactionId: 'a', kind: 'settled', outcome: 'rolled-back' },
  ])
  await client.shutdown()
})
