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

const store = addressOf(0xb1)
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

test('[CN18] the first block that was read is kept, until older events are there: then the state is made anew', async () => {
  const { book } = await open()
  await book.commit({ ...windowTo(20), from: 10 })
  await book.putSnapshot(snapshotAt(20), 2)
  await databases.pop()?.close()
  const { book: again } = await open()
  expect([await again.firstRead(), await again.completeFrom()]).toEqual([10, 0])
  // Nothing has happened before: what was made of the rest stays.
  await again.beginEarlier(8)
  expect([await again.firstRead(), await numberAt(again, 99)]).toEqual([8, 20])
  await again.addOlder(logsOf(4), new Map(), [])
  await again.finishOlder({ rewinds: 0, upTo: 7 })
  await again.beginEarlier(3)
  expect([await again.firstRead(), await numberAt(again, 99)]).toEqual([3, undefined])
  expect([await again.rewindsSince(0), (await again.tip())?.number]).toEqual([{ last: 1, toBlock: -1 }, 20])
  await again.beginEarlier(5)
  expect([await again.firstRead(), (await again.rewindsSince(0)).last]).toEqual([3, 1])
  await again.rewind(-1)
  await again.commit(windowTo(9))
  expect(await again.firstRead()).toBe(0)
})

test('[CN18] a file that is older than this is opened, and its books count as complete', async () => {
  const { book } = await open()
  await book.commit(windowTo(9))
  await databases.pop()?.close()
  const plain = new DatabaseSync(path)
  plain.exec('DROP TABLE book_beginnings; DROP TABLE book_first_reads')
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
  await book.finishOlder({ rewinds: 0, upTo: 8 })
  expect(await book.completeFrom()).toBe(10)
  await book.finishOlder({ rewinds: 0, upTo: 9 })
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

test('[CN19] what was read of blocks that a fork has undone since is refused, and read again', async () => {
  const { book, database } = await open()
  await book.beginAt(windowTo(9), snapshotAt(9))
  await book.commit({ ...windowTo(20), from: 10 })
  await book.rewind(15)
  const { last: rewinds } = await book.rewindsSince(0)
  const moved = { code: 'raindex/chain-moved', retryable: true }
  const [older, later] = [
    { rewinds: rewinds - 1, upTo: 9 },
    { rewinds: rewinds - 1, upTo: 20 },
  ]
  // Older blocks than the fork's are as they were.
  await book.addOlder(logsOf(4), new Map(), [], older)
  await expect(book.addStoreLogs(logsOf(18), later)).rejects.toMatchObject(moved)
  await expect(book.finishOlder(older, later)).rejects.toMatchObject(moved)
  await book.rewind(8)
  await expect(book.addOlder(logsOf(5), new Map(), [], older)).rejects.toMatchObject(moved)
  expect(await database.query('SELECT * FROM raw_events')).toEqual([])
})

test.each([
  ['who read on without its words goes back before them', {}, 20, [11, []]],
  ['they count once a sync has read what has come since', {}, 19, [undefined, [store]]],
  [
    'so it is where an order has named it meanwhile, for what was before that',
    { knownFrom: 15 },
    19,
    [11, []],
  ],
  ['who read on where it had none stays', { isWritten: false }, 20, [undefined, []]],
] as const)(
  '[CN19] stores of older events count with them: %s',
  async (_, given, upTo, [toBlock, incomplete]) => {
    const { knownFrom, isWritten = true }: { readonly knownFrom?: number; readonly isWritten?: boolean } =
      given
    const { book } = await open()
    await book.beginAt(windowTo(9), snapshotAt(9))
    const newStores = new Map(knownFrom === undefined ? [] : [[store, knownFrom] as const])
    await book.commit({ ...windowTo(20), from: 10, newStores })
    await book.addOlder(logsOf(4), new Map([[store, 4]]), [])
    expect(await book.stores()).toEqual(newStores)
    const writer = createLogWriter()
    writer.block(12)
    if (isWritten) writer.event('Set', [1n, wordOf(1), wordOf(7)], store)
    await book.addStoreLogs(writer.logs)
    await book.finishOlder({ rewinds: 0, upTo: 9 }, { rewinds: 0, upTo })
    expect(await book.stores()).toEqual(new Map([[store, 4]]))
    expect([(await book.rewindsSince(0)).toBlock, await book.incompleteStores()]).toEqual([
      toBlock,
      incomplete,
    ])
  },
)

test('[CN19] logs that were asked for before a store became known are refused, and read again', async () => {
  const { book } = await open()
  await book.commit({ ...windowTo(9), newStores: new Map([[store, 4]]) })
  const next = { ...windowTo(20), from: 10 }
  await expect(book.commit({ ...next, follows: new Set() })).rejects.toMatchObject({
    code: 'raindex/chain-moved',
    retryable: true,
  })
  expect((await book.tip())?.number).toBe(9)
  await book.commit({ ...next, follows: new Set([store]) })
  expect((await book.tip())?.number).toBe(20)
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
