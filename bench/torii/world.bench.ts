import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { createReactiveClient, manifestOfWorld, type ReactiveClient } from '@freshet/torii'
import { createToriiServer, type ToriiServer } from '@freshet/torii/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { collectGarbage } from '../measure.ts'
import { demoMembers, demoTag, fillWorld } from './filled-world.ts'

const entities = 20_000
const updates = 200_000

/** A world on the disk: what updates leave behind. */
export async function run(): Promise<readonly BenchRow[]> {
  const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
  server.world.declare(demoTag, demoMembers)
  const ids = fillWorld(server, entities)
  const folder = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
  try {
    const client = await opened(server, folder)
    const grown = await heapGrowth(server, client, ids)
    await client.shutdown()
    return [
      benchRow({
        name: 'heap grown by updates of 1,000 entities, MB',
        measured: grown / 1e6,
        bound: 2,
        better: 'lower',
        note: `${updates} updates through the wire, half of them before the first reading`,
      }),
    ]
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function opened(server: ToriiServer, folder: string): Promise<ReactiveClient> {
  const client = await createReactiveClient({
    toriiUrl: 'http://torii',
    fetch: server.fetch,
    manifest: manifestOfWorld({ address: server.world.address, models: server.world.models() }),
    storageFactory: (tables) => openSqliteStore({ path: join(folder, 'world.db'), tables }),
  })
  await client.ready
  return client
}

async function heapGrowth(
  { world }: ToriiServer,
  client: ReactiveClient,
  ids: readonly string[],
): Promise<number> {
  const half = async (): Promise<number> => {
    for (let done = 0; done < updates / 2; done += 1_000) {
      for (const id of ids.slice(0, 1_000)) world.writeMember(demoTag, id, 'vec', { x: done % 997, y: done })
      await settled(client, ids[999] ?? '', done)
    }
    collectGarbage()
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = await half()
  return (await half()) - before
}

/** Resolves once the client holds the last of the updates. */
async function settled(client: ReactiveClient, id: string, y: number): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    const vec = client.get(demoTag, id)?.['vec']
    if (typeof vec === 'object' && vec !== null && 'y' in vec && vec.y === y) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('The updates did not arrive.')
}
