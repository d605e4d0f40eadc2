import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { systemClock } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { manifestOfWorld, type Manifest } from '@freshet/torii'
import { createToriiServer, listenTorii } from '@freshet/torii/testing'
import { demoMembers, demoTag, fillWorld } from './filled-world.ts'

/** A world behind a port, in a thread of its own: what it costs to serve is not measured. */
export type ServedWorld = {
  readonly url: string
  readonly manifest: Manifest
  close(): Promise<unknown>
}

export async function serveWorld(entities: number): Promise<ServedWorld> {
  const thread = new Worker(new URL(import.meta.url), { workerData: entities })
  // Sent below.
  const [{ url, manifest }] = (await once(thread, 'message')) as [Pick<ServedWorld, 'url' | 'manifest'>]
  return { url, manifest, close: () => thread.terminate() }
}

async function serve(entities: number): Promise<void> {
  const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
  server.world.declare(demoTag, demoMembers)
  fillWorld(server, entities)
  const { url } = await listenTorii(server)
  const { address } = server.world
  parentPort?.postMessage({ url, manifest: manifestOfWorld({ address, models: server.world.models() }) })
}

if (!isMainThread && typeof workerData === 'number') await serve(workerData)
