import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createTestWorld, position } from '../testing/test-world.ts'
import { createReactiveClient } from './reactive-client.ts'

const entities = 1_000

/** All of them take minutes: `FRESHET_MILLION_UPDATES=1`. */
const updates = process.env['FRESHET_MILLION_UPDATES'] ? 1_000_000 : 30_000

/** What a heap may differ by between two collections, and far less than the updates would leave if they were kept. */
const mostBytes = 2_000_000

setFlagsFromString('--expose-gc')
// There is no other way to reach it in a process that was started without the flag.
const collect = runInNewContext('gc') as () => void

function heap(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

/** Bytes that the second half of the updates leaves. */
async function grownBy(keep: (rows: unknown) => void): Promise<number> {
  const world = createTestWorld()
  const ids = Array.from({ length: entities }, (_, player) => world.place(player + 1, 0))
  const { clock, random, client: transport, manifest } = world
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client: transport, manifest, models: [position] },
  })
  await world.pass(1_000)
  client.subscribe(position, null, (rows) => keep(rows[0]), { limit: 5 })
  const half = async (): Promise<number> => {
    for (let done = 0; done < updates / 2; done += entities) {
      for (const id of ids) world.server.world.writeMember(position, id, 'vec', { x: done % 997, y: done })
      await world.pass(100)
    }
    return heap()
  }
  const before = await half()
  const grown = (await half()) - before
  expect(client.get(position, ids[0] ?? '')).toMatchObject({ vec: { y: updates / 2 - entities } })
  await client.shutdown()
  world.server.close()
  return grown
}

test(`[TO39] ${updates} updates of ${entities} entities leave nothing behind`, async () => {
  expect(await grownBy(() => {})).toBeLessThan(mostBytes)
}, 3_600_000)

test('[TO39] the measurement notices a listener that keeps what it is told', async () => {
  const kept: unknown[] = []
  // As much as an update leaves where its row and its message are kept.
  const grown = await grownBy((row) => kept.push(row, new Array(5_000).fill(row)))
  expect(grown).toBeGreaterThan(updates > 100_000 ? 0 : mostBytes / 4)
}, 3_600_000)
