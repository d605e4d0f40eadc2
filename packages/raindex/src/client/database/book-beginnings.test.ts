import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogWriter, orderbookAddress } from '../../testing/event-logs.ts'
import { addressOf, wordOf } from '../../testing/fixture-order.ts'
import type { LedgerWindow } from '../chain/ledger.ts'
import type { LocalBook, LocalDatabase } from './local-database.ts'
import { openLocalDatabase } from './open-local-database.ts'

let folder = ''
let path = ''
const databases: LocalDatabase[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-begun-'))
  path = join(folder, 'book.sqlite')
})
afterEach(async () => {
  for (const database of databases.splice(0)) await database.close()
  rmSync(folder, { recursive: true })
})

test('[CN18] a book says from which block on its events are all there, across restarts and for itself alone', async () => {
  const { book, other } = await open()
  expect(await book.completeFrom()).toBe(0)
  await book.beginAt(windowTo(9), snapshotAt(9))
  expect([await book.completeFrom(), await other.completeFrom()]).toEqual([10, 0])
  await expect(book.beginAt(windowTo(12), snapshotAt(12))).rejects.toThrow('up to 9 already')
  expect(await book.tip()).toEqual({ number: 9, hash: wordOf(9) })
  await databases.pop()?.close()
  expect(await (await open()).book.completeFrom()).toBe(10)
})

test('[CN18] a file that is older than this is opened, and its books count as complete', async () => {
  const { book } = await open()
  await book.commit(windowTo(9))
  await databases.pop()?.close()
  const plain = new DatabaseSync(path)
  plain.exec('DROP TABLE book_beginnings')
  plain.close()
  const { book: again } = await open()
  expect([await again.completeFrom(), (await again.tip())?.number]).toEqual([0, 9])
})

test('[CN18] the snapshot that a book began from stays until a backfill has brought all that is older', async () => {
  const { book } = await open()
  await book.beginAt(windowTo(9), snapshotAt(9))
  await book.commit({ ...windowTo(20), from: 10 })
  for (const number of [12, 15, 18]) await book.putSnapshot(snapshotAt(number), 2)
  expect([await numberAt(book, 14), await numberAt(book, 15)]).toEqual([9, 15])
  // Not all: it is from before the last blocks that are missing.
  await book.finishOlder(8)
  expect(await book.completeFrom()).toBe(10)
  await book.finishOlder(9)
  expect(await book.completeFrom()).toBe(0)
  await book.putSnapshot(snapshotAt(20), 2)
  expect([await numberAt(book, 17), await numberAt(book, 18)]).toEqual([undefined, 18])
})

test('[CN18] a fork behind the beginning leaves nothing, not even the part of what is older that is there', async () => {
  const { book, database } = await open()
  await book.beginAt(windowTo(9), snapshotAt(9))
  await book.commit({ ...windowTo(20), from: 10, logs: logsOf(11) })
  await book.addOlder(logsOf(4), new Map(), [])
  // The state after block 4 cannot be made.
  expect((await book.blocks(20, 100)).map(({ number }) => number)).toEqual([20, 11, 9])
  await book.rewind(9)
  expect([await book.completeFrom(), (await book.tip())?.number]).toEqual([10, 9])
  await book.rewind(7)
  expect([await book.completeFrom(), await book.tip(), await numberAt(book, 99)]).toEqual([
    0,
    undefined,
    undefined,
  ])
  expect(await database.query('SELECT * FROM raw_events')).toEqual([])
  expect((await book.rewindsSince(1)).toBlock).toBe(-1)
})

test('[CN18] no snapshot is kept of a state that a later fork has undone', async () => {
  const { book } = await open()
  await book.commit(windowTo(20))
  const { last } = await book.rewindsSince(0)
  await book.rewind(12)
  await book.putSnapshot(snapshotAt(15), 2, last)
  expect(await numberAt(book, 99)).toBe(undefined)
  await book.putSnapshot(snapshotAt(12), 2, last)
  expect(await numberAt(book, 99)).toBe(12)
  await book.putSnapshot(snapshotAt(15), 2, (await book.rewindsSince(0)).last)
  expect(await numberAt(book, 99)).toBe(15)
})

async function open() {
  const database = await openLocalDatabase({ path })
  databases.push(database)
  const book = database.book({ chainId: 1, orderbook: { address: orderbookAddress, version: 'v5' } })
  const other = database.book({ chainId: 1, orderbook: { address: addressOf(0x98), version: 'v5' } })
  return { database, book, other }
}

function windowTo(to: number): LedgerWindow {
  const header = {
    number: to,
    hash: wordOf(to),
    parentHash: wordOf(to - 1),
    timestamp: 1_700_000_000 + to,
    logsBloom: undefined,
  }
  const nothing = { logs: [], newStores: new Map(), newTokens: [], finalizedTo: 0 }
  return { from: 0, to, header, headers: [header], ...nothing }
}

function snapshotAt(number: number) {
  return { block: { number, hash: wordOf(number) }, timestamp: number, checksum: 'c', bundle: '{}' }
}

async function numberAt(book: LocalBook, atOrBefore: number): Promise<number | undefined> {
  return (await book.snapshot(atOrBefore))?.block.number
}

/** An event in a block. */
function logsOf(block: number) {
  const writer = createLogWriter()
  writer.block(block)
  writer.event('MetaV1_2', [addressOf(1), wordOf(1), '0x00'])
  return writer.logs
}
