import { systemClock } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { manifestOfWorld, type Manifest } from '../schema/manifest.ts'
import { listenTorii } from '../test-server/listen-torii.ts'
import { createToriiServer, type ToriiServer } from '../test-server/torii-server.ts'
import { canonicalFelt } from '../values/felt.ts'
import { movesMembers, positionMembers } from './demo-models.ts'

export type DemoWorld = {
  readonly url: string
  readonly manifest: Manifest
  /** The server behind it: its world can be written, and its faults set. */
  readonly server: ToriiServer
  /** Puts a player on the board; the entity id. */
  place(player: number, x: number, y: number): string
  close(): Promise<void>
}

/**
 * Starts a small game on a port of this machine: players with a position and
 * moves that remain, in the models `ns-Position` and `ns-Moves`.
 *
 * @param options.players - Default 10.
 */
export async function startDemoWorld(
  options: { readonly players?: number; readonly port?: number } = {},
): Promise<DemoWorld> {
  const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
  const { world } = server
  world.declare('ns-Position', positionMembers)
  world.declare('ns-Moves', movesMembers)
  const place = (player: number, x: number, y: number): string =>
    world.set('ns-Position', { player: canonicalFelt(player), vec: { x, y } })
  for (let player = 1; player <= (options.players ?? 10); player++) {
    place(player, player, 0)
    world.set('ns-Moves', { player: canonicalFelt(player), remaining: 100n, last_direction: 'Up' })
  }
  const { url, close } = await listenTorii(server, options.port)
  return {
    url,
    manifest: manifestOfWorld({ address: world.address, models: world.models() }),
    server,
    place,
    async close() {
      await close()
      server.close()
    },
  }
}
