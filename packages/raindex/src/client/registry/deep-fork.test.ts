import { createSeededRandom } from '@freshet/core/testing'
import { afterEach, expect, test } from 'vitest'
import type { Quotes } from '../../live/index.ts'
import { createFakeChain, type FakeChain } from '../../testing/fake-node-chain.ts'
import { createFakeNode } from '../../testing/fake-node.ts'
import { prepareStory, storyBook, storyCode, storyLogs } from '../../testing/fake-node-story.ts'
import { createImpatientClock } from '../../testing/impatient-clock.ts'
import { differingRows, naiveRows, replicaRows } from '../../testing/naive-rows.ts'
import { leaves, scriptedInterpreter } from '../../testing/scripted-interpreter.ts'
import { createChainHeads, createRpcPool, type ChainNotice } from '../chain/index.ts'
import { beginFromSnapshot, type LocalBook, type LocalDatabase } from '../database/index.ts'
import { openLocalDatabase } from '../database/sqlite.ts'
import { openChainRaindex, type ChainRaindex, type ChainRaindexOptions } from './open-chain-raindex.ts'

// A random story, forked behind what the state of a book that was opened again can undo.

const finalityDepth = 6
const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).toReversed()) await stop()
})

test('[RG9] a fork behind the snapshot that a book was opened with goes back to one before it, and says so', async () => {
  const rig = await setUp()
  await rig.grow(12, 4)
  await rig.restart()
  const { live } = rig.raindex
  const quotes = live.openQuotes()
  let changes = 0
  const stops = [live.vaults.subscribe(() => changes++)]
  const said: unknown[] = []
  stops.push(rig.raindex.subscribe(() => said.push(rig.raindex.freshness.chain)))
  const { tipBlock, ancestorBlock } = rig.fork(8)
  const snapshots = await rig.snapshots()
  expect([snapshots.some((at) => at <= ancestorBlock), snapshots.at(-1)]).toEqual([true, tipBlock])
  await rig.untilAtHead()
  await rig.expectTrue()
  expect(rig.notices.filter(({ kind }) => kind === 'deep-reorg')).toEqual([
    { kind: 'deep-reorg', tipBlock, ancestorBlock, depth: 8 },
  ])
  expect(said).toContainEqual(
    expect.objectContaining({
      state: 'catching-up',
      degraded: expect.objectContaining({
        code: 'raindex/deep-reorg',
        message: expect.stringMatching(/back to block \d+, .* from the snapshot of block \d+/),
      }),
    }),
  )
  expect(rig.raindex.freshness.chain.state).toBe('live')
  expect(rig.raindex.freshness.chain.degraded).toBe(undefined)
  expect(rig.raindex.counts.snapshotLoads).toBe(2)
  // Who held the book, its rows or its quotes holds them still.
  expect(rig.raindex.live).toBe(live)
  expect(changes).toBeGreaterThan(0)
  await quotes.settled()
  expect(offersOf(quotes)).toEqual(await rig.offersAnew())
  for (const stop of [...stops, quotes.close]) stop()
})

test.each([
  ['none', async () => undefined],
  [
    'one that is damaged',
    (book: LocalBook) =>
      book.putSnapshot(
        { block: { number: 6, hash: '0x' }, timestamp: 1, checksum: '', bundle: '{"version":1}' },
        9,
      ),
  ],
])(
  '[RG9] where the database has %s before such a fork, its events make the state again',
  async (_, damage) => {
    const rig = await setUp({ keep: 1 })
    await rig.grow(8, 4)
    await rig.restart()
    await damage(rig.book)
    const said: unknown[] = []
    const stop = rig.raindex.subscribe(() => said.push(rig.raindex.freshness.chain.degraded?.message))
    rig.fork(25)
    await rig.untilAtHead()
    stop()
    await rig.expectTrue()
    expect(said).toContainEqual(expect.stringContaining('from the first event'))
    expect(rig.raindex.counts.snapshotLoads).toBe(1)
  },
)

test('[RG9] a book begun from a snapshot goes back to that one however many came after', async () => {
  const { rig, begunAt } = await setUpBegun({ keep: 1 })
  await rig.grow(24, 4)
  await rig.restart()
  expect(await rig.snapshots()).toHaveLength(2)
  rig.fork(20)
  await rig.untilAtHead()
  await rig.expectTrue()
  expect((await rig.snapshots())[0]).toBe(begunAt)
  expect(await rig.book.completeFrom()).toBe(begunAt + 1)
})

test('[RG9] a fork behind the snapshot that an empty book was begun from reads the chain from its first block', async () => {
  const { rig, begunAt } = await setUpBegun()
  await rig.grow(8, 4)
  const { ancestorBlock } = rig.fork(15)
  expect(ancestorBlock).toBeLessThan(begunAt)
  await rig.untilAtHead()
  await rig.expectTrue()
  expect(rig.notices.map(({ kind }) => kind)).toContain('deep-reorg')
  // All events are there now.
  expect(await rig.book.completeFrom()).toBe(0)
  const [row] = await rig.database.query('SELECT min(block_number) AS first FROM raw_events')
  expect(row?.['first']).toBeLessThan(begunAt)
})

test('[RG9] where that snapshot is damaged, the chain is read from its first block', async () => {
  const { rig, begunAt } = await setUpBegun({ keep: 1 })
  await rig.grow(12, 4)
  await rig.restart()
  const stored = await rig.book.snapshot(begunAt)
  if (stored === undefined) throw new Error('the snapshot is gone')
  await rig.book.putSnapshot({ ...stored, bundle: stored.bundle.replace('"orders":[', '"orders":[{},') }, 1)
  rig.fork(10)
  await rig.untilAtHead()
  await rig.expectTrue()
  expect(await rig.book.completeFrom()).toBe(0)
})

test('[RG9] words of stores that come to the database later make the state again too, which is no fork', async () => {
  const rig = await setUp()
  await rig.grow(12, 4)
  await rig.restart()
  const said: unknown[] = []
  const stop = rig.raindex.subscribe(() => said.push(rig.raindex.freshness.chain.degraded?.code))
  await rig.book.completeStores([...(await rig.book.stores()).keys()])
  await rig.grow(1, 1)
  stop()
  await rig.expectTrue()
  expect(said).toContain('raindex/more-words')
  expect(rig.notices.map(({ kind }) => kind)).not.toContain('deep-reorg')
})

test('[RG9] a second fork, deeper still, while the state is being made again, is taken in too', async () => {
  const forks: (() => void)[] = []
  const rig = await setUp({
    onNotice: (notice) => {
      if (notice.kind === 'deep-reorg') forks.pop()?.()
    },
  })
  await rig.grow(16, 4)
  await rig.restart()
  forks.push(() => rig.fork(25))
  rig.fork(6)
  await rig.untilAtHead()
  expect(forks).toEqual([])
  await rig.expectTrue()
  await rig.restart()
  await rig.expectTrue()
})

type Rig = {
  readonly chain: FakeChain
  readonly book: LocalBook
  readonly database: LocalDatabase
  readonly raindex: ChainRaindex
  readonly notices: ChainNotice[]
  /** Mines blocks, some at once, and lets the book take them in. */
  grow(blocks: number, atOnce: number): Promise<void>
  /** Puts other blocks in place of the newest, and one more. */
  fork(depth: number): { readonly tipBlock: number; readonly ancestorBlock: number }
  restart(): Promise<void>
  untilAtHead(): Promise<void>
  /** Blocks of the snapshots that are kept, ascending. */
  snapshots(): Promise<readonly number[]>
  /** The rows are those of a replay of the whole chain, and the quotes those of a book that has never known another. */
  expectTrue(): Promise<void>
  offersAnew(): Promise<ReadonlyMap<string, unknown>>
}

type RigOptions = Partial<ChainRaindexOptions> & {
  readonly chain?: FakeChain | undefined
  readonly begin?: ((book: LocalBook) => Promise<unknown>) | undefined
}

async function setUp({ chain = newChain(), begin, onNotice, ...more }: RigOptions = {}): Promise<Rig> {
  const clock = createImpatientClock()
  const random = createSeededRandom(5)
  const mine = (blocks: number): void => {
    for (let i = 0; i < blocks; i++) chain.mine(storyLogs(random, chain))
  }
  if (chain.head?.number === chain.firstBlock) mine(30)
  const node = createFakeNode({ chain, random, clock })
  const pool = createRpcPool({
    chainId: chain.chainId,
    rpcs: ['http://node'],
    fetch: node.fetch,
    clock,
    random,
  })
  const newDatabase = async (): Promise<LocalDatabase> => {
    const opened = await openLocalDatabase({ path: ':memory:', clock })
    running.push(() => opened.close())
    return opened
  }
  const database = await newDatabase()
  const book = database.book({ chainId: chain.chainId, orderbook: storyBook })
  await begin?.(book)
  const notices: ChainNotice[] = []
  const open = (into: LocalDatabase, tell: (notice: ChainNotice) => void): Promise<ChainRaindex> =>
    openChainRaindex({
      ...{ chainId: chain.chainId, orderbook: storyBook, fromBlock: chain.firstBlock, finalityDepth },
      ...{ pool, clock, everyBlocks: 4, firstWindowBlocks: 8, database: into },
      heads: createChainHeads({ pollMs: 1_000, clock }),
      interpreter: () => scriptedInterpreter(() => leaves(['2', '1'])),
      onNotice: tell,
      ...more,
    })
  const openOwn = (): Promise<ChainRaindex> =>
    open(database, (notice) => {
      notices.push(notice)
      onNotice?.(notice)
    })
  const close = async (closing: ChainRaindex): Promise<void> => {
    const closed = closing.close()
    await clock.advance(5_000)
    await closed
  }
  const untilAtHead = async (follower: ChainRaindex): Promise<void> => {
    const isThere = (): boolean => {
      const { live, freshness } = follower
      return live.cursor?.hash === chain.head?.hash && live.status.phase === 'Idle' && !freshness.isReading
    }
    for (let turn = 0; !isThere(); turn++) {
      if (turn > 500)
        throw new Error(`It does not come: ${JSON.stringify([follower.freshness, follower.live.status])}`)
      await clock.advance(100)
    }
  }
  let raindex = await openOwn()
  running.push(() => close(raindex))
  const rig: Rig = {
    ...{ chain, book, database, notices },
    get raindex() {
      return raindex
    },
    async grow(blocks, atOnce) {
      for (let mined = 0; mined < blocks; mined += atOnce) {
        mine(atOnce)
        await rig.untilAtHead()
      }
    },
    fork(depth) {
      const tipBlock = chain.head?.number ?? 0
      chain.reorg(depth, [])
      mine(depth + 1)
      return { tipBlock, ancestorBlock: tipBlock - depth }
    },
    async restart() {
      await close(raindex)
      raindex = await openOwn()
      await rig.untilAtHead()
    },
    untilAtHead: () => untilAtHead(raindex),
    async snapshots() {
      const rows = await database.query('SELECT block_number FROM virtual_snapshots ORDER BY block_number')
      return rows.map((row) => Number(row['block_number']))
    },
    async expectTrue() {
      const { live } = raindex
      const tables = { orders: live.orders, vaults: live.vaults, store: live.words }
      // The tables that are compared.
      const rows = replicaRows({ collection: (name) => tables[name as keyof typeof tables] })
      expect(differingRows(rows, naiveRows(chain, storyBook))).toEqual([])
      const quotes = live.openQuotes()
      await quotes.settled()
      expect(quotes.collection.size).toBeGreaterThan(0)
      expect(offersOf(quotes)).toEqual(await rig.offersAnew())
      quotes.close()
    },
    async offersAnew() {
      const fresh = await open(await newDatabase(), () => undefined)
      await untilAtHead(fresh)
      const quotes = fresh.live.openQuotes()
      await quotes.settled()
      const offers = offersOf(quotes)
      quotes.close()
      await close(fresh)
      return offers
    },
  }
  await rig.untilAtHead()
  return rig
}

/** A book whose database was begun from the snapshot of another, at the head. */
async function setUpBegun(more: RigOptions = {}): Promise<{ readonly rig: Rig; readonly begunAt: number }> {
  const { chain, raindex } = await setUp()
  const text = JSON.stringify(raindex.live.snapshot())
  const rig = await setUp({ ...more, chain, begin: (book) => beginFromSnapshot(book, text) })
  return { rig, begunAt: (await rig.book.completeFrom()) - 1 }
}

function newChain(): FakeChain {
  const chain = createFakeChain({ chainId: 31_337, firstBlock: 5 })
  prepareStory(chain)
  storyCode(chain)
  return chain
}

function offersOf(quotes: Quotes): ReadonlyMap<string, unknown> {
  const rows = [...quotes.collection.entries()]
  return new Map(rows.map(([id, { ioRatio, outputMax, reason }]) => [id, { ioRatio, outputMax, reason }]))
}
