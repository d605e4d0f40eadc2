import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Io } from '../../io.ts'
import { addOrder } from '../../testing/add-order.ts'
import { anvil, openBookOnChain, skipped, type BookOnChain } from '../../testing/book-on-chain.ts'
import { runCommand, type Ran } from '../../testing/run-command.ts'

// The commands as a person types them, against a real chain.

let opened: BookOnChain
beforeAll(async () => {
  opened = await openBookOnChain('freshet-chain-')
})
afterAll(() => opened.close())

test.skipIf(anvil === undefined)(
  `[RC10] sync fills a database and goes on where it was, quote compares, replay needs no node${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { orderHash, trader, deposit } = await addOrder(book, '100')
    const db = join(folder, 'book.sqlite')
    const chain = ['--rpc', book.url, '--db', db]
    const shown: string[] = []
    const first = await raindex(['sync', ...chain, '--orderbook', book.orderbook.address], {
      progress: (text) => void shown.push(text),
    })
    expect(first).toMatchObject({ code: 0, err: [expect.stringMatching(/^Synced from the start in/)] })
    expect(first.out[0]).toContain(`${book.orderbook.address}  block ${(await book.head()).number}`)
    expect(shown.some((line) => /█.* 100 %, block \d+ of \d+/.test(line))).toBe(true)
    expect(shown.at(-1)).toBe('')

    await deposit('100')
    const second = await raindex(['sync', ...chain, '--json'])
    expect(second.err[0]).toMatch(/^Synced from block \d+ in/)
    expect(JSON.parse(second.out[0] ?? '')).toMatchObject({
      chainId: book.chainId,
      block: (await book.head()).number,
    })

    const quoted = await raindex(['quote', orderHash, ...chain, '--counterparty', trader.address])
    expect(quoted.out[0]?.split('\n')[1]).toMatch(/^0x\w{64}\s+0\s+0\s+1\.5\s+1\.5\s+3\s+3\s+match$/)
    expect(quoted.err.at(-1)).toMatch(/^Both at block \d+, 0 behind the head, \d+ s old\.$/)
    const asJson = await raindex(['quote', ...chain, '--json'])
    expect(JSON.parse(asJson.out[0] ?? '')).toMatchObject({ order: orderHash, verdict: { kind: 'match' } })

    const svg = join(folder, 'replay.svg')
    const replayed = await raindex(['replay', orderHash, '--db', db, '--step', '2s', '--csv', '--svg', svg])
    expect(replayed).toMatchObject({ code: 0 })
    const lines = replayed.out[0]?.split('\n') ?? []
    expect(lines[0]).toBe('time,block,input,output,ratio,max_output,no_quote,marks')
    expect(lines.at(-1)).toMatch(/,1\.5,3,/)
    expect(await readFile(svg, 'utf8')).toContain('<svg')
  },
)

test.skipIf(anvil === undefined).each([
  [['sync', '--db', 'DB'], 2, 'Name a node with --rpc URL'],
  [['sync', '--rpc', 'ftp://host', '--db', 'DB'], 2, '--rpc takes an address'],
  [['sync', '--rpc', 'RPC'], 2, 'Name the file of the local database'],
  [['sync', '--rpc', 'RPC', '--db', 'DB'], 2, 'Name one with --orderbook ADDRESS'],
  [['sync', '--rpc', 'RPC', '--db', 'DB', '--orderbook', '0x12'], 2, '--orderbook takes an address'],
  [
    ['sync', '--rpc', 'RPC', '--db', 'DB', '--orderbook', `0x${'9'.repeat(40)}`],
    2,
    'There is no contract at',
  ],
  [
    ['sync', '--rpc', 'RPC', '--chain', '5', '--db', 'DB', '--orderbook', 'BOOK'],
    2,
    'None of the nodes belongs to chain 5',
  ],
  [['sync', '--rpc', 'http://127.0.0.1:9', '--db', 'DB', '--orderbook', 'BOOK'], 3, 'did not come'],
  [['replay', 'ORDER', '--db', 'DB'], 2, 'The database has no order book yet'],
  [['replay', '--db', 'DB'], 2, 'order'],
])(`[RC10] the call %j ends with %i and one sentence${skipped}`, async (words, code, sentence) => {
  const { book, folder } = opened
  const known = {
    DB: join(folder, 'empty.sqlite'),
    RPC: book?.url,
    BOOK: book?.orderbook.address,
    ORDER: `0x${'1'.repeat(64)}`,
  }
  // Words that are no names stay.
  const ran = await raindex(words.map((word) => known[word as keyof typeof known] ?? word))
  expect(ran.err.join('\n')).toContain(sentence)
  expect({ code: ran.code, lines: ran.err.length }).toEqual({ code, lines: 1 })
})

const raindex = (words: readonly string[], more?: Partial<Io>): Promise<Ran> =>
  runCommand(['raindex', ...words], more)
