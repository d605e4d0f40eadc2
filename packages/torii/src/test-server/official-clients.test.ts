import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { systemClock } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { afterAll, expect, test } from 'vitest'
import { movesMembers, positionMembers } from '../testing/demo-models.ts'
import { canonicalFelt } from '../values/felt.ts'
import { listenTorii } from './listen-torii.ts'
import { createToriiServer } from './torii-server.ts'

/** What both official clients can do, as far as it is used here. */
type OfficialClient = {
  getEntities(query: object): Promise<{ items: OfficialEntity[]; next_cursor?: string | undefined }>
  getTokens(query: object): Promise<{ items: { token_id?: string; name: string }[] }>
  getTokenBalances(query: object): Promise<{ items: { balance: string }[] }>
  onEntityUpdated(
    clause: object | undefined,
    worlds: string[],
    callback: (entity: OfficialEntity, id: unknown) => void,
  ): Promise<{ cancel(): void }>
}
type OfficialEntity = { readonly hashed_keys: string; readonly models: object }

// A quarter of a gigabyte in which nothing is shipped: not part of an ordinary installation.
const beside = fileURLToPath(new URL('../../../../bench/torii/peers', import.meta.url))
const folder = process.env['FRESHET_TORII_CLIENTS'] ?? beside
const isThere = existsSync(`${folder}/node_modules/@dojoengine`)
const why = isThere ? '' : ' (skipped: run npm install in bench/torii/peers)'

const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
server.world.declare('ns-Position', positionMembers)
server.world.declare('ns-Moves', movesMembers)
const listening = listenTorii(server)
afterAll(async () => (await listening).close())

async function openWasm(): Promise<OfficialClient> {
  // An import of it fails: its package names a file that is not there.
  const { ToriiClient } = createRequire(`${folder}/`)('@dojoengine/torii-wasm/node')
  return new ToriiClient({ toriiUrl: (await listening).url, worldAddress: server.world.address })
}

async function openGrpc(): Promise<OfficialClient> {
  const file = pathToFileURL(`${folder}/node_modules/@dojoengine/grpc/dist/index.js`)
  const { ToriiGrpcClient } = await import(/* @vite-ignore */ file.href)
  return new ToriiGrpcClient({ toriiUrl: (await listening).url, worldAddress: server.world.address })
}

for (const [name, open] of [
  ['torii-wasm', openWasm],
  ['grpc', openGrpc],
] as const) {
  test.skipIf(!isThere)(
    `[TO12, TO13] the official ${name} client pages and subscribes here${why}`,
    async () => {
      const players = Array.from({ length: 7 }, (_, index) => index + 1)
      const ids = players.map((player) =>
        server.world.set('ns-Position', { player: canonicalFelt(player), vec: { x: player, y: 0 } }),
      )
      const client = await open()
      const seen: string[] = []
      for (let cursor: string | undefined, more = true; more; more = Boolean(cursor)) {
        const page = await client.getEntities({
          world_addresses: [server.world.address],
          pagination: { limit: 3, cursor, direction: 'Forward', order_by: [] },
          clause: undefined,
          no_hashed_keys: false,
          models: ['ns-Position'],
          historical: false,
        })
        seen.push(...page.items.map((entity) => canonicalFelt(entity.hashed_keys)))
        cursor = page.next_cursor
      }
      expect(seen).toEqual(ids.toReversed())

      const { promise, resolve } = Promise.withResolvers<OfficialEntity>()
      const clause = { Keys: { keys: [], pattern_matching: 'VariableLen', models: ['ns-Position'] } }
      const subscription = await client.onEntityUpdated(clause, [server.world.address], (entity) => {
        if (Object.keys(entity.models).length > 0) resolve(entity)
      })
      const changing = setInterval(
        () => server.world.writeMember('ns-Position', ids[2] ?? '', 'vec', { x: 42, y: 1 }),
        50,
      )
      const heard = await promise
      clearInterval(changing)
      expect(canonicalFelt(heard.hashed_keys)).toBe(ids[2])
      expect(JSON.stringify(heard.models)).toContain('42')
      subscription.cancel()
    },
  )
}

for (const [name, open] of [
  ['torii-wasm', openWasm],
  ['grpc', openGrpc],
] as const) {
  test.skipIf(!isThere)(
    `[TO13, TO32] the official ${name} client reads tokens and balances here${why}`,
    async () => {
      const { records } = server.world
      const contractAddress = canonicalFelt(0x721)
      const sword = { contractAddress, tokenId: 2n ** 128n + 5n, name: 'Sword', symbol: 'SWD', decimals: 0 }
      records.put('tokens', { ...sword, metadata: '{}', totalSupply: null })
      const accountAddress = canonicalFelt(7)
      records.put('tokenBalances', { accountAddress, contractAddress, tokenId: null, balance: 255n })
      const client = await open()
      const pagination = { limit: 10, cursor: undefined, direction: 'Forward', order_by: [] }
      const asked = { contract_addresses: [contractAddress], token_ids: [], pagination }
      const tokens = await client.getTokens({ ...asked, attribute_filters: [] })
      expect(tokens.items.map((token) => [token.name, BigInt(token.token_id ?? 0)])).toEqual([
        ['Sword', 2n ** 128n + 5n],
      ])
      const balances = await client.getTokenBalances({ ...asked, account_addresses: [] })
      expect(balances.items.map(({ balance }) => BigInt(balance))).toEqual([255n])
    },
  )
}
