import { createSeededRandom } from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { createReactiveClient } from '../client/reactive-client.ts'
import { noServerFaults } from '../test-server/server-faults.ts'
import { createTestWorld } from '../testing/test-world.ts'
import { movesMembers } from '../testing/demo-models.ts'
import { canonicalFelt } from '../values/felt.ts'

const event = 'ns-Moved'

/** Tokens, balances, transactions and events that come and change through faults, outages and restarts. */
async function checkHistory(seed: number): Promise<void> {
  const world = createTestWorld(seed)
  const random = createSeededRandom(seed)
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const { records } = world.server.world
  world.server.world.declareEvent(event, movesMembers)
  const contract = (): string => canonicalFelt(1 + below(3))
  const write = (): void => {
    const base = { name: `${below(100)}`, symbol: 'S', decimals: 0, metadata: '', totalSupply: null }
    const chance = random.next()
    if (chance < 0.4)
      records.put('tokens', { ...base, contractAddress: contract(), tokenId: BigInt(below(6)) })
    else if (chance < 0.7)
      records.put('tokenBalances', {
        ...{ accountAddress: canonicalFelt(below(4)), contractAddress: contract(), tokenId: null },
        balance: BigInt(below(1_000)),
      })
    else if (chance < 0.8)
      records.put('transactions', {
        ...{
          transactionHash: canonicalFelt(below(1_000)),
          senderAddress: contract(),
          calldata: [],
          signature: [],
        },
        ...{ maxFee: 1n, nonce: 1n, blockNumber: 1n, transactionType: 'INVOKE', blockTimestamp: 1n },
        ...{ calls: [], uniqueModels: [] },
      })
    else {
      const player = canonicalFelt(1 + below(6))
      world.server.world.emit(event, { player, remaining: BigInt(below(99)), last_direction: 'Up' })
    }
  }
  const disk = createMemoryDisk()
  const start = () =>
    createReactiveClient({
      ...{ toriiUrl: 'http://torii', clock: world.clock, random: world.random, client: world.client },
      ...{ manifest: world.manifest, models: [], pageSize: 2 + below(3), reconcileMs: Infinity },
      targets: [
        { kind: 'tokens' },
        { kind: 'tokenBalances', contracts: [canonicalFelt(1), canonicalFelt(2)] },
        { kind: 'transactions' },
        { kind: 'event', tag: event },
      ],
      ...{ silenceMs: 3_000, stallMs: 4_000, backoff: { baseMs: 100, capMs: 2_000, jitter: 0.1 } },
      storageFactory: (tables) => openMemoryStore({ tables, disk }),
    })
  for (let count = below(20); count > 0; count--) write()
  world.server.setFaults({
    ...{
      maxLatencyMs: below(2) * 300,
      failedRequest: 0.05,
      cleanEnd: 0.02,
      brokenStream: 0.02,
      duplicate: 0.1,
    },
  })
  let client = await start()
  for (let step = 0; step < 30; step++) {
    const chance = random.next()
    if (chance < 0.6) write()
    else if (chance < 0.8) await world.pass(below(3_000))
    else if (chance < 0.88) world.server.cut('clean')
    else if (chance < 0.94) {
      world.server.setOutage(true)
      await world.pass(below(2_000))
      write()
      world.server.setOutage(false)
    } else {
      await Promise.all([client.shutdown(), world.pass(500)])
      write()
      client = await start()
    }
  }
  world.server.setFaults(noServerFaults)
  await world.pass(12_000)
  expect(client.getSyncStatus().overall.state, `seed ${seed}`).toBe('streaming')
  const held = (table: string) => new Map(client.query(table).ids.map((id) => [id, client.get(table, id)]))
  expect(held('tokens'), `seed ${seed}`).toEqual(new Map(records.all('tokens')))
  expect(held('transactions'), `seed ${seed}`).toEqual(new Map(records.all('transactions')))
  expect(held(event), `seed ${seed}`).toEqual(world.server.world.rows(event))
  const balances = records.all('tokenBalances').filter(([, row]) => row.contractAddress !== canonicalFelt(3))
  expect(held('tokenBalances'), `seed ${seed}`).toEqual(new Map(balances))
  await client.shutdown()
  world.server.close()
}

test('[TO32] through faults, outages and restarts, records and events end equal to the world', async () => {
  for (let seed = 1; seed <= 60; seed++) await checkHistory(seed)
}, 300_000)
