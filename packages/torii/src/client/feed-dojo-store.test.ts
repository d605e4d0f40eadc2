import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { createTestWorld, moves, position } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import { feedDojoStore, type DojoStore } from './feed-dojo-store.ts'
import { createReactiveClient } from './reactive-client.ts'

// Installed on demand, as for the benchmarks.
const beside = fileURLToPath(new URL('../../../../bench/torii/peers', import.meta.url))
const folder = process.env['FRESHET_TORII_CLIENTS'] ?? beside
const real = `${folder}/node_modules/@dojoengine/state/dist/zustand.js`
const isThere = existsSync(real)
const why = isThere ? '' : ' (skipped: run npm install in bench/torii/peers)'

function plainStore(): DojoStore {
  let state: ReturnType<DojoStore['getState']> = { entities: {} }
  return { getState: () => state, setState: (change) => void (state = { ...state, ...change }) }
}

async function openReal(): Promise<DojoStore> {
  const { createDojoStore } = await import(/* @vite-ignore */ pathToFileURL(real).href)
  return createDojoStore()
}

for (const [name, openStore, skipped] of [
  ['a store of that shape', async () => plainStore(), false],
  [`the real @dojoengine/state${why}`, openReal, !isThere],
] as const) {
  test.skipIf(skipped)(
    `[TO37] ${name} shows the world as the client does, deletions and moves included`,
    async () => {
      const world = createTestWorld()
      const { clock, random, client: transport, manifest } = world
      const one = world.place(1, 1)
      const two = world.place(2, 2)
      world.server.world.set(moves, { player: canonicalFelt(1), remaining: 1n, last_direction: 'Up' })
      const client = await createReactiveClient({
        ...{ toriiUrl: 'http://torii', clock, random, client: transport, manifest },
      })
      await world.pass(200)
      const store = await openStore()
      const stop = feedDojoStore(client, store)
      const modelsOf = (id: string) => store.getState().entities[id]?.models
      expect(modelsOf(one)).toEqual({
        ns: {
          Position: { player: canonicalFelt(1), vec: { x: 1, y: 0 } },
          Moves: { player: canonicalFelt(1), remaining: 1n, last_direction: 'Up' },
        },
      })
      const move = client.mutate(position, { entityId: one, vec: { x: 7, y: 7 } })
      expect(modelsOf(one)).toMatchObject({ ns: { Position: { vec: { x: 7 } } } })
      move.rollback()
      world.server.world.delete(moves, one)
      world.server.world.delete(position, two)
      await world.pass(200)
      expect(modelsOf(one)).toEqual({ ns: { Position: { player: canonicalFelt(1), vec: { x: 1, y: 0 } } } })
      expect(modelsOf(two)).toBeUndefined()
      stop()
      world.place(2, 2)
      await world.pass(200)
      expect(modelsOf(two)).toBeUndefined()
      await client.shutdown()
    },
  )
}
