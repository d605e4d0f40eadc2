import { createIntake, openReplica, randomBelow, storeTables } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createRaindexProjection, raindexTables, type Mutation } from '../../engine/index.ts'
import { createFakeChain, type FakeChain } from '../../testing/fake-node-chain.ts'
import { startFakeNode } from '../../testing/fake-node.ts'
import { prepareStory, storyBook, storyLogs } from '../../testing/fake-node-story.ts'
import type { KilledSyncArgs } from '../../testing/killed-sync.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { openLocalDatabase } from './open-local-database.ts'

const script = fileURLToPath(new URL('../../testing/killed-sync.ts', import.meta.url))

test.each([
  [1, false],
  [2, true],
] as const)(
  '[CN13] a sync that is killed at any moment goes on where it stopped (seed %s, thread %s)',
  async (seed, thread) => {
    const random = createSeededRandom(seed)
    const chain = createFakeChain({ chainId: 31_337, firstBlock: 5 })
    prepareStory(chain)
    const mine = (blocks: number): void => {
      for (let i = 0; i < blocks; i++) chain.mine(storyLogs(random, chain))
    }
    mine(60)
    const node = await startFakeNode({ chain })
    const folder = mkdtempSync(join(tmpdir(), 'freshet-killed-'))
    const args = { url: node.url, chainId: chain.chainId, fromBlock: chain.firstBlock, folder, thread }
    for (let life = 0; life < 3; life++) {
      await killAfter(1 + randomBelow(random, 30), args)
      const depth = randomBelow(random, 8)
      chain.reorg(depth, [])
      mine(depth + 1 + randomBelow(random, 8))
    }
    await runToEnd(args, chain)
    await expectTruth(folder, chain)
    await node.close()
    rmSync(folder, { recursive: true })
  },
  60_000,
)

/** Lets a process run for a number of words it tells, then kills it without warning. */
async function killAfter(words: number, args: KilledSyncArgs): Promise<void> {
  const child = start(args)
  await new Promise<void>((resolve) => {
    let heard = 0
    child.on('message', () => {
      if (++heard >= words) child.kill('SIGKILL')
    })
    child.on('exit', () => resolve())
  })
}

async function runToEnd(args: KilledSyncArgs, chain: FakeChain): Promise<void> {
  const child = start(args)
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  // Both have looked at the head often enough once nothing but heads is told.
  await new Promise<void>((resolve) => {
    let quiet = 0
    child.on('message', (word) => {
      quiet = word === 'head' ? quiet + 1 : 0
      if (quiet === 20) resolve()
    })
  })
  child.send('stop')
  expect(await ended).toBe(0)
  expect(chain.head).toBeDefined()
}

function start(args: KilledSyncArgs): ChildProcess {
  const execArgv = ['--conditions=source', '--disable-warning=ExperimentalWarning']
  return fork(script, [JSON.stringify(args)], { execArgv })
}

async function expectTruth(folder: string, chain: FakeChain): Promise<void> {
  const expected = naiveRows(chain, storyBook)
  const store = await openSqliteStore({
    path: join(folder, 'replica.sqlite'),
    tables: storeTables(raindexTables),
  })
  const projection = createRaindexProjection(storyBook.version)
  const intake = createIntake<Mutation>({ projection, isReady: () => true })
  const replica = await openReplica<Mutation>({ name: 'book', tables: raindexTables, store, intake })
  expect(replica.position).toBe(chain.head?.number)
  expect(differingRows(replicaRows(replica), expected)).toEqual([])
  await replica.close()
  await store.close()
  const database = await openLocalDatabase({ path: join(folder, 'book.sqlite') })
  const book = database.book({ chainId: chain.chainId, orderbook: storyBook })
  expect(await book.tip()).toEqual({ number: chain.head?.number, hash: chain.head?.hash })
  const { logs } = await book.read(-1, 1_000_000)
  const known = new Set([storyBook.address, ...(await book.stores()).keys()])
  const stores = await book.stores()
  const there = chain
    .blocks()
    .flatMap((block) => block.logs.map((log) => ({ ...log, number: block.number, hash: block.hash })))
    .filter(({ address, number }) => known.has(address) && (stores.get(address) ?? 0) <= number)
    .map(({ number, hash, logIndex, data }) => `${number} ${hash} ${Number(logIndex)} ${data}`)
  expect(logs.map((log) => `${log.blockNumber} ${log.blockHash} ${log.logIndex} ${log.data}`)).toEqual(there)
  await database.close()
}
