import { deepStrictEqual as same, notStrictEqual, ok, rejects } from 'node:assert'
import type { SharedBooks, SharedWriter } from '../client/shared/shared-books.ts'
import type { BookId, StoredSnapshot } from '../client/database/book-tables.ts'
import type { Address, Artifact, Bytes32 } from '../engine/index.ts'

/** What is tested: one place that processes share, opened by several of them. */
export type SharedBooksUnderTest = {
  /** As another process does. */
  readonly open: () => Promise<SharedBooks>
  /** Runs a statement beside all of them. */
  readonly run: (sql: string) => Promise<void>
}

/** One promise of the port, for a test of this title. */
export type SharedBooksCase = {
  readonly title: string
  readonly run: (under: SharedBooksUnderTest) => Promise<void>
}

/** What every place that processes share order books in must keep. */
export const sharedBooksContract: readonly SharedBooksCase[] = [
  {
    title: '[SH1] of several who would write a book at once one may, until it lets go',
    async run({ open }) {
      const id = freshId()
      await usingMany(6, open, async (all) => {
        const writers = await Promise.all(all.map((books) => books.book(id).lead()))
        same(writers.filter((writer) => writer !== undefined).length, 1)
        const first = writerOf(writers.find((writer) => writer !== undefined))
        same(
          await all[0]
            ?.book({ ...id, chainId: id.chainId + 1 })
            .lead()
            .then((other) => other?.term),
          1,
        )
        await first.release()
        same(first.lost.aborted, true)
        await rejects(first.tell(news))
        const second = writerOf(await all[1]?.book(id).lead())
        same(second.term, 2)
        same(await all[1]?.book(id).lead(), undefined)
      })
    },
  },
  {
    title: '[SH1] whoever closes lets go of all books',
    async run({ open }) {
      const id = freshId()
      const before = await open()
      const writer = writerOf(await before.book(id).lead())
      await before.close()
      same(writer.lost.aborted, true)
      await usingMany(1, open, async ([books]) => same(writerOf(await books?.book(id).lead()).term, 2))
    },
  },
  {
    title: '[SH2] what is written in a term that is over is refused, and nothing of it is kept',
    async run({ open, run }) {
      const id = freshId()
      await usingMany(1, open, async ([books]) => {
        const book = books?.book(id)
        const writer = writerOf(await book?.lead())
        await writer.putSnapshot(snapshotAt(5), [])
        // As one does who has the lock, which this one still believes to have.
        await run(`UPDATE freshet_books SET term = term + 1 WHERE chain_id = ${id.chainId}`)
        const isDeposed = { code: 'raindex/shared-deposed' }
        const told = { poll: 'old', block: blockAt(6), rewindTo: undefined, code: [codeOf(1)] }
        await rejects(writer.append(told), isDeposed)
        await rejects(writer.putSnapshot(snapshotAt(6), [codeOf(1)]), isDeposed)
        await rejects(writer.tell(news), isDeposed)
        same((await book?.cursor())?.block.number, 5)
        same([await book?.code(), await book?.changes({ term: 1, seq: 0 }, 10)], [[], []])
        same((await book?.snapshot())?.block.number, 5)
      })
    },
  },
  {
    title: '[SH3] snapshots, changes and code come back as they were told, each change once and in order',
    async run({ open }) {
      const id = freshId()
      await usingMany(2, open, async ([first, second]) => {
        if (first === undefined || second === undefined) return
        const [book, seen] = [first.book(id), second.book(id)]
        same([await seen.cursor(), await seen.snapshot()], [undefined, undefined])
        const writer = writerOf(await book.lead())
        await rejects(writer.append({ poll: 'x', block: blockAt(1), rewindTo: undefined, code: [] }))
        same(await seen.cursor(), undefined)
        await writer.putSnapshot(snapshotAt(5), [codeOf(1)])
        for (let block = 6; block < 9; block++)
          await writer.append({
            poll: `{"?":"${block} – “ü”"}`,
            ...{ block: blockAt(block), rewindTo: undefined, code: [codeOf(block)] },
          })
        await writer.tell({ state: 'live', headBlock: 8, headTimestamp: 80 })
        const { silentMs = -1, ...cursor } = (await seen.cursor()) ?? {}
        ok(silentMs >= 0 && silentMs < 600_000)
        same(cursor, {
          ...{ term: 1, seq: 3, block: blockAt(8), state: 'live', headBlock: 8, headTimestamp: 80 },
        })
        same(await seen.snapshot(), { term: 1, seq: 0, ...snapshotAt(5) })
        const changes = [6, 7, 8].map((block) => ({ seq: block - 5, poll: `{"?":"${block} – “ü”"}` }))
        same(await seen.changes({ term: 1, seq: 0 }, 10), changes)
        same(await seen.changes({ term: 1, seq: 1 }, 1), changes.slice(1, 2))
        same(await seen.changes({ term: 1, seq: 3 }, 10), [])
        same((await seen.code()).map(({ address }) => address).toSorted(), [1, 6, 7, 8].map(addressAt))
      })
    },
  },
  {
    title:
      '[SH3] as many changes are kept as the oldest kept snapshot needs; a term’s first replaces the log before',
    async run({ open }) {
      const id = freshId()
      await usingMany(1, open, async ([books]) => {
        const book = books?.book(id)
        const writer = writerOf(await book?.lead())
        for (let block = 1; block <= 5; block++) {
          await writer.putSnapshot(snapshotAt(block), [])
          const told = { poll: `${block}`, block: blockAt(block), rewindTo: undefined, code: [] }
          await writer.append(told)
        }
        same((await book?.snapshot(4))?.block.number, 4)
        same((await book?.snapshot(3))?.seq, 2)
        same(await book?.snapshot(2), undefined)
        same(await book?.changes({ term: 1, seq: 1 }, 10), undefined)
        same((await book?.changes({ term: 1, seq: 2 }, 10))?.length, 3)
        await writer.release()
        const next = writerOf(await book?.lead())
        same((await book?.cursor())?.term, 1, 'a term without a snapshot is none yet')
        await next.putSnapshot(snapshotAt(9), [])
        same(await book?.changes({ term: 1, seq: 3 }, 10), undefined)
        same([(await book?.snapshot())?.term, (await book?.cursor())?.seq], [2, 0])
      })
    },
  },
  {
    title: '[SH3] a fork takes away the snapshots of what it undoes',
    async run({ open }) {
      const id = freshId()
      await usingMany(1, open, async ([books]) => {
        const book = books?.book(id)
        const writer = writerOf(await book?.lead())
        await writer.putSnapshot(snapshotAt(5), [])
        await writer.append({ poll: 'a', block: blockAt(7), rewindTo: undefined, code: [] })
        await writer.putSnapshot(snapshotAt(7), [])
        await writer.append({ poll: 'b', block: blockAt(8), rewindTo: 6, code: [] })
        same((await book?.snapshot())?.block.number, 5)
        same(
          (await book?.changes({ term: 1, seq: 0 }, 10))?.map(({ poll }) => poll),
          ['a', 'b'],
        )
      })
    },
  },
  {
    title: '[SH3] books do not know of each other',
    async run({ open }) {
      const id = freshId()
      await usingMany(1, open, async ([books]) => {
        const writer = writerOf(await books?.book(id).lead())
        await writer.putSnapshot(snapshotAt(5), [codeOf(1)])
        const others = [
          { ...id, chainId: id.chainId + 7 },
          { ...id, orderbook: { address: addressAt(9), version: 'v5' } as const },
        ]
        for (const other of others) {
          const book = books?.book(other)
          same([await book?.snapshot(), await book?.cursor(), await book?.code()], [undefined, undefined, []])
        }
      })
    },
  },
]

let books = 0

function freshId(): BookId {
  books++
  return { chainId: 1_000_000 + 1_000 * books, orderbook: { address: addressAt(0xb0), version: 'v5' } }
}

const news = { state: 'live', headBlock: 1, headTimestamp: undefined } as const

function blockAt(number: number) {
  return { number, hash: wordAt(number) }
}

function snapshotAt(block: number): StoredSnapshot {
  return { block: blockAt(block), timestamp: block * 10, checksum: `sum ${block}`, bundle: `{"of":${block}}` }
}

function codeOf(n: number): Artifact {
  return { kind: 'Store', address: addressAt(n), bytecode: '0x60' }
}

function addressAt(n: number): Address {
  return `0x${n.toString(16).padStart(40, '0')}`
}

function wordAt(n: number): Bytes32 {
  return `0x${n.toString(16).padStart(64, '0')}`
}

function writerOf(writer: SharedWriter | undefined): SharedWriter {
  notStrictEqual(writer, undefined, 'somebody else holds the lock')
  // Asserted above.
  return writer as SharedWriter
}

async function usingMany(
  count: number,
  open: () => Promise<SharedBooks>,
  work: (all: readonly SharedBooks[]) => Promise<void>,
): Promise<void> {
  const all = await Promise.all(Array.from({ length: count }, open))
  try {
    await work(all)
  } finally {
    for (const books of all) await books.close()
  }
}
