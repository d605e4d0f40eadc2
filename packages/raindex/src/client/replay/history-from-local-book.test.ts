import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWasmEvm } from '@freshet/evm'
import { createSeededRandom } from '@freshet/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStaticCodeCache, type ChainLog } from '../../engine/index.ts'
import { keccak256 } from '../../engine/keccak.ts'
import { addressOf } from '../../testing/fixture-order.ts'
import { marketTokens, replayMarket } from '../../testing/market-replay.ts'
import { randomStory, storyStart, type MarketStory } from '../../testing/market-story.ts'
import { marketCode, marketOrderbook } from '../../testing/replay-market.ts'
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

/** Keeps a story's logs as a sync does, up to its head. */
async function keep({ market }: MarketStory, storesLack = false): Promise<void> {
  const { number, timestamp } = market.head
  const logs = market.logs.map((log): ChainLog => ({ ...log, blockHash: hashOf(log.blockNumber) }))
  await book.commit({
    from: 0,
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
  await keep(await randomStory(createSeededRandom(12), 20), true)
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
