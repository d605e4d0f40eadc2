import { expect, test } from 'vitest'
import { createTestWorld, position } from '../testing/test-world.ts'
import { createReactiveClient } from './reactive-client.ts'

async function openLive() {
  const world = createTestWorld()
  const entityId = world.place(1, 1)
  const { clock, random, client: transport, manifest } = world
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client: transport, manifest },
  })
  await world.pass(500)
  return { world, client, entityId }
}

test('[TO22] if nothing else is said, a guard is asked every 500 ms, and a change is undone after 30 s', async () => {
  const { world, client, entityId } = await openLive()
  const from = world.clock.now()
  const askedMs: number[] = []
  const guard = (): boolean => {
    askedMs.push(world.clock.now() - from)
    return false
  }
  const move = client.mutate(position, { entityId, vec: { x: 4, y: 4 } }, { guard })
  await world.pass(2_000)
  expect(askedMs).toEqual([0, 500, 1_000, 1_500, 2_000])
  await world.pass(27_900)
  expect(client.getOverlayFor(entityId).length).toBe(1)
  await world.pass(100)
  expect(await move.settled).toBe('timed-out')
  const asked = askedMs.length
  await world.pass(2_000)
  expect(askedMs.length).toBe(asked)
  await client.shutdown()
})

test('[S9] if nothing else is said, a lost connection is tried after 2 s, then after twice as long up to a minute, give or take a tenth', async () => {
  const { world, client } = await openLive()
  const waits: number[] = []
  let failures = 0
  client.syncStatus.subscribe(({ models: [model] }) => {
    if (!model || model.status !== 'retrying' || model.consecutiveFailures === failures) return
    failures = model.consecutiveFailures
    waits.push(model.nextPollInMs)
  })
  world.server.setOutage(true)
  await world.pass(300_000)
  const bases = [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]
  for (const [at, base] of bases.entries()) {
    expect(waits[at], `wait ${at}`).toBeGreaterThanOrEqual(base * 0.9)
    expect(waits[at], `wait ${at}`).toBeLessThanOrEqual(base * 1.1)
  }
  // They differ, so that many tabs do not come back at once.
  expect(new Set(waits.slice(5, 8)).size).toBe(3)
  await client.shutdown()
})
