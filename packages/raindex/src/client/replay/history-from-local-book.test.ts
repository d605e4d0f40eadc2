import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createWasmEvm } from '@freshet/evm'
import { createSeededRandom } from '@freshet/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStaticCodeCache, type ChainLog } from '../../engine/index.ts'
import { keccak256 } from '../../engine/keccak.ts'
import { openLiveVirtualRaindex } from '../../live/index.ts'
import { addressOf } from '../../testing/fixture-order.ts'
import { marketTokens, replayMarket } from '../../testing/market-replay.ts'
import { randomStory, storyStart, type MarketStory } from '../../testing/market-story.ts'
import { marketCode, marketOrderbook } from '../../testing/replay-market.ts'
import { leaves, scriptedInterpreter } from '../../testing/scripted-interpreter.ts'
import { beginFromSnapshot } from '../database/begin-from-snapshot.ts'
import { createLocalDbSyncEngine, type LocalDbCursor } from '../database/local-db-sync-engine.ts'
import type { LocalBook, LocalDatabase } from '../database/local-database.ts'
import { openLocalDatabase } from '../database/open-local-database.ts'
import { historyFromLocalBook } from './history-from-local-book.ts'
import { openReplay, type Replay } from './open-replay.ts'
import { markersToCsv, pointsToCsv } from './replay-csv.ts'
import { createReplayHost } from './replay-host.ts'

const counterparty = addressOf(0xe1)
const store = addressOf(0xbb)

let folder: string
let database: LocalDatabase
let book: LocalBook
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-replay-'))
  database = await openLocalDatabase({ path: join(folder, 'book.sqlite'), thread: false })
  book = database.book({ chainId: 1, orderbook: marketOrderbook })
})
afterEach(async () => {
  await database.close()
  rmSync(folder, { recursive: true })
})

type Kept = {
  readonly from?: number
  readonly to?: Head
  readonly storesLack?: boolean
  readonly into?: LocalBook
}
type Head = MarketStory['market']['head']

/** Keeps a story's logs as a sync does, up to its head. */
async function keep({ market }: MarketStory, kept: Kept = {}): Promise<void> {
  const { from = 0, to = market.head, storesLack = false, into = book } = kept
  const { number, timestamp } = to
  const logs = market.logs
    .filter(({ blockNumber }) => blockNumber >= from && blockNumber <= number)
    .map((log): ChainLog => ({ ...log, blockHash: hashOf(log.blockNumber) }))
  await into.commit({
    from,
    to: number,
    header: { number, timestamp, hash: hashOf(number), parentHash: hashOf(number - 1), logsBloom: undefined },
    headers: [],
    logs,
    newStores: new Map([[store, 0]]),
    newTokens: marketTokens.map(({ token, decimals }) => ({
      address: token,
      decimals,
      name: '',
      symbol: '',
    })),
    finalizedTo: number,
    storesLack,
  })
}

function hashOf(number: number): `0x${string}` {
  return keccak256(`0x${number.toString(16).padStart(64, '0')}`)
}

async function openBook(pageSize?: number): Promise<Replay> {
  const cache = createStaticCodeCache(marketCode)
  const host = createReplayHost({
    engine: await createWasmEvm(),
    cache,
    chainId: 1n,
    orderbook: marketOrderbook,
  })
  return openReplay(await historyFromLocalBook(book, { pageSize }), host)
}

test('[RP11] a local database gives the replay that its logs give, whatever the pages', async () => {
  const story = await randomStory(createSeededRandom(11), 120)
  await keep(story)
  const plain = await replayMarket(story.market)
  const request = { counterparty, from: storyStart - 2, to: story.market.head.timestamp + 2 }
  for (const pageSize of [1, 7, 5_000]) {
    const replay = await openBook(pageSize)
    expect(replay.range).toEqual(plain.range)
    expect(replay.orders().length).toBeGreaterThan(3)
    for (const order of plain.orders()) {
      const [expected, found] = [
        await plain.run({ ...request, order }),
        await replay.run({ ...request, order }),
      ]
      expect(pointsToCsv(found)).toBe(pointsToCsv(expected))
      expect(markersToCsv(found)).toBe(markersToCsv(expected))
    }
  }
})

test('[RP11] a database that is empty, or lacks logs of stores, says so', async () => {
  await expect(historyFromLocalBook(book)).rejects.toMatchObject({ code: 'replay/no-logs' })
  await keep(await randomStory(createSeededRandom(12), 20), { storesLack: true })
  await expect(historyFromLocalBook(book)).rejects.toMatchObject({ code: 'replay/incomplete-stores' })
})

test('[RP11] a chain that is reorganised while its history is read is never half of each', async () => {
  const story = await randomStory(createSeededRandom(13), 60)
  await keep(story)
  const history = await historyFromLocalBook(book, { pageSize: 5 })
  const read = async (): Promise<void> => {
    let count = 0
    for await (const _ of history.blocks())
      if (++count === 2) await book.rewind(story.market.head.number - 10)
  }
  await expect(read()).rejects.toMatchObject({ code: 'replay/history-moved', retryable: true })
})

test('[RP14] a book begun from a snapshot is a history from there on, the same as that of all its events', async () => {
  const story = await randomStory(createSeededRandom(14), 120)
  const since = await beginInTheMiddle(story)
  const plain = await replayMarket(story.market)
  const replay = await openBook()
  expect(replay.range).toEqual({ first: since, head: plain.range.head })
  expect(replay.orders().length).toBeGreaterThan(2)
  const request = { counterparty, from: since.timestamp, to: story.market.head.timestamp + 2 }
  for (const order of replay.orders()) {
    const [expected, found] = [
      await plain.run({ ...request, order }),
      await replay.run({ ...request, order }),
    ]
    expect(pointsToCsv(found)).toBe(pointsToCsv(expected))
    expect(markersToCsv(found)).toBe(markersToCsv(expected))
  }
})

test('[RP14] what was before that is refused in one sentence, until the older events are there', async () => {
  const story = await randomStory(createSeededRandom(15), 60)
  const { number, timestamp } = await beginInTheMiddle(story)
  const replay = await openBook()
  const [order] = replay.orders()
  if (order === undefined) throw new Error('no order')
  const subject = { counterparty, order }
  const refusal = {
    code: 'replay/before-history',
    kind: 'usage',
    message: expect.stringMatching(
      new RegExp(
        `^The state at .* is not known: .* from block ${number}, .*\\. Choose a time .* --from BLOCK`,
      ),
    ),
  }
  await expect(replay.run({ ...subject, from: timestamp - 1, to: timestamp })).rejects.toMatchObject(refusal)
  const pair = { inputIOIndex: 0, outputIOIndex: 0 }
  await expect(replay.inspect({ ...subject, ...pair }, timestamp - 1)).rejects.toMatchObject(refusal)
  expect(await replay.inspect({ ...subject, ...pair }, timestamp)).toMatchObject({ second: timestamp })

  const older = story.market.logs.filter(({ blockNumber }) => blockNumber <= number)
  await book.addOlder(
    older.map((log) => ({ ...log, blockHash: hashOf(log.blockNumber) })),
    new Map([[store, 0]]),
    [],
  )
  await expect((await openBook()).run({ ...subject, from: 1, to: 1 })).rejects.toMatchObject(refusal)
  await book.finishOlder({ rewinds: 0, upTo: number })
  const whole = await openBook()
  expect((await whole.run({ ...subject, from: timestamp - 1, to: timestamp })).series).not.toEqual([])
})

test('[RP14] events whose beginning is gone are no history', async () => {
  const story = await randomStory(createSeededRandom(16), 20)
  const { number } = await beginInTheMiddle(story)
  const plain = new DatabaseSync(join(folder, 'book.sqlite'))
  plain.exec('DELETE FROM virtual_snapshots')
  plain.close()
  await expect(historyFromLocalBook(book)).rejects.toMatchObject({
    code: 'replay/no-beginning',
    message: expect.stringContaining(`up to block ${number} is not kept`),
  })
})

/** Begins the book from a snapshot of the story's middle, and keeps what came after it. */
async function beginInTheMiddle(story: MarketStory): Promise<Head> {
  const { logs } = story.market
  const { blockNumber: number = 0, blockTimestamp: timestamp = 0 } = logs[Math.floor(logs.length / 2)] ?? {}
  const to = { number, timestamp }
  const other = await openLocalDatabase({ path: ':memory:' })
  const into = other.book(book.id)
  await keep(story, { to, into })
  const live = await openLiveVirtualRaindex<LocalDbCursor>({
    chainId: 1,
    orderbook: marketOrderbook,
    syncEngine: createLocalDbSyncEngine({ book: into }),
    codeCache: createStaticCodeCache(marketCode),
    host: scriptedInterpreter(() => leaves(['1', '1'])),
  })
  while (live.cursor?.block !== number) await live.syncOnce()
  await beginFromSnapshot(book, JSON.stringify(live.snapshot()))
  await live.close()
  await other.close()
  await keep(story, { from: number + 1 })
  return to
}
