import { expect, test } from 'vitest'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import type { Fetch } from './grpc-web.ts'
import { createToriiClient } from './torii-client.ts'

const { signal } = new AbortController()

/** A server of twenty entities whose answers come in two pieces, the second when it is let go. */
function createHalting(gzip: boolean) {
  const world: TestWorld = createTestWorld()
  for (let player = 1; player <= 20; player++) world.place(player, player)
  const rest = Promise.withResolvers<void>()
  const fetch: Fetch = async (...asked) => {
    const { headers, body } = await world.server.fetch(...asked)
    const bytes = new Uint8Array(await new Response(body).arrayBuffer())
    const pieces = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(bytes.subarray(0, 4_000))
        await rest.promise
        controller.enqueue(bytes.subarray(4_000))
        controller.close()
      },
    })
    return new Response(pieces, { headers })
  }
  const client = createToriiClient({ toriiUrl: 'http://torii', fetch, gzip })
  const told = Promise.withResolvers<string>()
  const { address } = world.server.world
  const asked = { world: address, models: [position], limit: 15, onNext: told.resolve }
  return { page: client.entities(asked, signal), told: told.promise, letGo: rest.resolve }
}

test('[TO40] where a page is followed is told before all of it is here', async () => {
  const { page, told, letGo } = createHalting(false)
  const cursor = await told
  letGo()
  expect(cursor).toBe((await page).next)
})

test('[TO40] of a packed page it is told once it is unpacked', async () => {
  const { page, told, letGo } = createHalting(true)
  letGo()
  expect(await told).toBe((await page).next)
})
