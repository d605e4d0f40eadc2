import { expect, test } from 'vitest'
import { createStaticCodeCache, type Mutation } from '../../engine/index.ts'
import { createStubSyncEngine, openLiveVirtualRaindex, type SnapshotStore } from '../../live/index.ts'
import { addressOf, fixtureOrder } from '../../testing/fixture-order.ts'
import { leaves, scriptedInterpreter } from '../../testing/scripted-interpreter.ts'
import { openLocalDatabase } from '../database/sqlite.ts'
import { createBookSnapshots } from './book-snapshots.ts'

const chainId = 1
const orderbook = { address: addressOf(0x11), version: 'v5' } as const

test('[RG7] a snapshot is made and written some blocks behind the last one, and the newest is taken up', async () => {
  const database = await openLocalDatabase({ path: ':memory:' })
  const book = database.book({ chainId, orderbook })
  const written: number[] = []
  const counted = (): SnapshotStore => {
    const snapshots = createBookSnapshots(book, { everyBlocks: 10 })
    return {
      ...snapshots,
      async persistSnapshot(bundle) {
        written.push(bundle.env.blockNumber)
        await snapshots.persistSnapshot(bundle)
      },
    }
  }
  const open = (snapshots: SnapshotStore, blocks: readonly number[]) =>
    openLiveVirtualRaindex({
      chainId,
      orderbook,
      syncEngine: createStubSyncEngine(blocks.map(stepAt)),
      codeCache: createStaticCodeCache([
        { kind: 'Interpreter', address: addressOf(0xaa), bytecode: '0x01' },
        { kind: 'Store', address: addressOf(0xbb), bytecode: '0x02' },
      ]),
      host: scriptedInterpreter(() => leaves(['2', '1'])),
      snapshots,
    })
  const live = await open(counted(), [5, 9, 14, 15, 24, 30])
  // A book that is empty says so first.
  expect(written.splice(0)).toEqual([0])
  for (let poll = 0; poll < 6; poll++) await live.syncOnce()
  expect(written.splice(0)).toEqual([5, 15, 30])

  const again = await open(counted(), [31, 40])
  expect([again.state.env.blockNumber, again.orders.size]).toEqual([30, 1])
  for (let poll = 0; poll < 2; poll++) await again.syncOnce()
  expect(written).toEqual([40])
  await database.close()
})

function stepAt(blockNumber: number) {
  const mutations: readonly Mutation[] = [
    { kind: 'setEnv', blockNumber, timestamp: blockNumber },
    { kind: 'setOrders', orders: [fixtureOrder] },
  ]
  const hash = `0x${blockNumber.toString(16).padStart(64, '0')}`
  return {
    // As the engine that reads the database has it.
    nextCursor: { block: blockNumber, hash, rewinds: 0 } as unknown as number,
    mutationBatches: [{ mutations }],
    bytecode: [],
    pendingArtifacts: [],
    heartbeat: false,
  }
}
