import { inflateRawSync } from 'node:zlib'
import type { Random } from '@freshet/core'
import { createSeededRandom, createVirtualClock, type VirtualClock } from '@freshet/core/testing'
import { manifestOfWorld, type Manifest } from '../schema/manifest.ts'
import { createToriiServer, type ToriiServer } from '../test-server/torii-server.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createToriiClient, type ReactiveToriiClient } from '../wire/torii-client.ts'
import { movesMembers, positionMembers } from './demo-models.ts'

/** Two models of one key: where players are and what they can do. */
export const position = 'ns-Position'
export const moves = 'ns-Moves'
/** An event of the same keys, where a test declares it. */
export const moved = 'ns-Moved'

export type TestWorld = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly server: ToriiServer
  readonly client: ReactiveToriiClient
  readonly manifest: Manifest
  /** Lets time pass, with all that the network does in it. */
  pass(ms: number): Promise<void>
  /** Puts a player somewhere; its entity id. */
  place(player: number, x: number, y?: number): string
}

/** A world in virtual time, with nothing in it that would wait for the machine. */
export function createTestWorld(seed = 1, options: { readonly maxMessageBytes?: number } = {}): TestWorld {
  const clock = createVirtualClock()
  const random = createSeededRandom(seed)
  const server = createToriiServer({ clock, random, ...options })
  server.world.declare(position, positionMembers)
  server.world.declare(moves, movesMembers)
  const client = createToriiClient({
    toriiUrl: 'http://torii',
    fetch: server.fetch,
    gzip: false,
    inflate: async (packed) => inflateRawSync(packed),
  })
  return {
    clock,
    random,
    server,
    client,
    manifest: manifestOfWorld({ address: server.world.address, models: server.world.models() }),
    pass: (ms) => passTime(clock, ms),
    place: (player, x, y = 0) => server.world.set(position, { player: canonicalFelt(player), vec: { x, y } }),
  }
}

/** Chains of promises through streams and bodies are longer than the clock waits for between two timers. */
const stepMs = 100

/** Lets virtual time pass in steps short enough for what each brings about to be done. */
async function passTime(clock: VirtualClock, ms: number): Promise<void> {
  for (let rest = ms; rest >= 0; rest -= stepMs) {
    await turn()
    await clock.advance(Math.min(rest, stepMs))
    await turn()
    if (rest === 0) return
  }
}

/** Runs every promise that waits for nothing. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
