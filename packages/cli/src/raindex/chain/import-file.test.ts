import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { openDump } from '@freshet/raindex/client/sqlite'
import type { LocalBook } from '@freshet/raindex/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addOrder } from '../../testing/add-order.ts'
import { anvil, openBookOnChain, skipped, type BookOnChain } from '../../testing/book-on-chain.ts'
import { runCommand } from '../../testing/run-command.ts'

// The command as a person types it, with files as the public tool writes them.

let opened: BookOnChain
beforeAll(async () => {
  opened = await openBookOnChain('freshet-import-')
})
afterAll(() => opened.close())

test.skipIf(anvil === undefined)(
  `[RC19] sync takes a file of the public tool over and goes on behind it from the node; what is there already stays${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { orderHash, deposit } = await addOrder(book, '1')
    const rows = await readRows(book)
    const upToBlock = rows.at(-1)?.block
    const [file, dump] = [join(folder, 'public.sqlite'), join(folder, 'public.sql')]
    writePublicDatabase(file, rows)
    await writeFile(dump, [tableSql, ...rows.map(insertSql)].join(';\n'))
    await deposit('1')
    const node = ['--rpc', book.url, '--orderbook', book.orderbook.address]
    for (const [name, source] of [
      ['from-database', file],
      ['from-dump', dump],
    ] as const) {
      const db = join(folder, `${name}.sqlite`)
      const synced = await raindex(['sync', ...node, '--db', db, '--import', source])
      expect(synced).toEqual({
        code: 0,
        out: [expect.stringContaining(`  ${rows.length + 1} events`)],
        err: [
          `Took over ${rows.length} events up to block ${upToBlock} from ${source}.`,
          expect.stringMatching(`^Synced from block ${upToBlock} in`),
        ],
      })
      const quoted = await raindex(['quote', orderHash, '--rpc', book.url, '--db', db])
      expect(quoted.out[0]).toMatch(/0 bp\s+match$/)
      const again = await raindex(['sync', ...node, '--db', db, '--import', source])
      expect(again).toMatchObject({ code: 0, out: synced.out })
      expect(again.err[0]).toMatch(
        /^Nothing is taken over from .*: the database has the book up to block \d+/,
      )
    }
  },
)

test.skipIf(anvil === undefined)(
  `[RC19] a file that cannot be taken over is one sentence, and leaves the book empty${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    await addOrder(book, '1')
    const rows = await readRows(book)
    const of = (name: string) => join(folder, name)
    await mkdir(of('folder'))
    writePublicDatabase(
      of('other-book.sqlite'),
      rows.map((row) => ({ ...row, orderbook: `0x${'5'.repeat(40)}` })),
    )
    // The first log can be read, the last one cannot.
    writePublicDatabase(of('broken.sqlite'), [
      ...rows,
      { block: 999_999, index: 0, orderbook: book.orderbook.address, json: '{}' },
    ])
    await writeFile(of('text.sql'), 'this is no SQL')
    await writeFile(of('lacking.sql'), 'CREATE TABLE raw_events (raw_json, log_index)')
    await writeFile(of('torn.sqlite'), 'SQLite format 3\0 and no more of it')
    const node = ['--rpc', book.url, '--orderbook', book.orderbook.address]
    const db = of('stays-empty.sqlite')
    for (const [file, code, sentence] of [
      ['none.sqlite', 2, 'there is none of this name'],
      ['folder', 2, 'cannot be read'],
      ['other-book.sqlite', 2, `has no events of ${book.orderbook.address} on chain ${book.chainId}`],
      ['broken.sqlite', 4, 'Log 0 of block 999999 of the database cannot be read'],
      ['text.sql', 4, 'The dump is damaged'],
      ['lacking.sql', 4, 'The dump lacks'],
      ['torn.sqlite', 6, 'torn.sqlite is damaged or is none'],
    ] as const) {
      const ran = await raindex(['sync', ...node, '--db', db, '--import', of(file)])
      expect([file, ran.code, ran.err]).toEqual([file, code, [expect.stringContaining(sentence)]])
    }
    const synced = await raindex(['sync', ...node, '--db', db])
    expect(synced.err).toEqual([expect.stringMatching(/^Synced from the start in/)])
  },
)

const dataFolder = process.env['FRESHET_RAINDEX_DATA'] ?? '../shared/data/raindex'
const repository = fileURLToPath(new URL('../../../../../', import.meta.url))
const realDump = join(resolve(repository, dataFolder), 'real-arbitrum-v5-local-db.sql.gz')
const noDump = existsSync(realDump) ? '' : ' (skipped: the recorded file is not here)'

test.skipIf(noDump !== '')(
  `[RC19] the recorded file of a real order book is taken over, and the chain asked for the rest${noDump}`,
  { timeout: 60_000 },
  async () => {
    const [address, last] = ['0x2f209e5b67a33b8fe96e28f24628df6da301c8eb', 376_962_619]
    const node = await openQuietNode(42_161, last, await hashOfLast(realDump))
    const db = join(opened.folder, 'real.sqlite')
    const book = ['--rpc', node.url, '--orderbook', address, '--from', '353183264', '--db', db]
    const { code, out, err } = await raindex(['sync', ...book, '--import', realDump])
    node.close()
    expect({ code, out, err: err[0] }).toEqual({
      code: 0,
      out: [`${address}  block ${last + 100}  134 events`],
      err: `Took over 134 events up to block ${last} from ${realDump}.`,
    })
  },
)

type RawEvent = {
  readonly block: number
  readonly index: number
  readonly orderbook: string
  readonly json: string
}

/** All logs of the order book, as the public tool keeps them. */
async function readRows({ orderbook, request }: LocalBook): Promise<readonly RawEvent[]> {
  const { address } = orderbook
  const logs = await request('eth_getLogs', [{ address, fromBlock: '0x0', toBlock: 'latest' }])
  // What a node answers to this.
  return (logs as readonly { readonly blockNumber: string; readonly logIndex: string }[]).map((log) => ({
    ...{ block: Number(log.blockNumber), index: Number(log.logIndex) },
    ...{ orderbook: address, json: JSON.stringify(log) },
  }))
}

const tableSql =
  'CREATE TABLE raw_events (chain_id, orderbook_address, block_number, log_index, block_timestamp, raw_json)'

function insertSql({ block, index, orderbook, json }: RawEvent): string {
  return `INSERT INTO raw_events VALUES (31337, '${orderbook}', ${block}, ${index}, NULL, '${json}')`
}

function writePublicDatabase(path: string, rows: readonly RawEvent[]): void {
  const database = new DatabaseSync(path)
  for (const sql of [tableSql, ...rows.map(insertSql)]) database.exec(sql)
  database.close()
}

/** Hash of the block that the newest log of a dump is of. */
async function hashOfLast(path: string): Promise<string> {
  const dump = openDump(await readFile(path))
  const newest = 'SELECT raw_json FROM raw_events ORDER BY block_number DESC LIMIT 1'
  // Recorded as a node answered it.
  const { blockHash } = JSON.parse(String(dump.prepare(newest).all()[0]?.[0])) as { blockHash: string }
  dump.close()
  return blockHash
}

/** A node of a chain on which a block has a given hash, and nothing happens from then on. */
async function openQuietNode(chainId: number, block: number, hash: string) {
  const head = block + 100
  const hashAt = (number: number) => (number === block ? hash : `0x${number.toString(16).padStart(64, '0')}`)
  const answer = (method: string, [first]: readonly unknown[]): unknown => {
    switch (method) {
      case 'eth_chainId':
        return quantity(chainId)
      case 'eth_blockNumber':
        return quantity(head)
      case 'eth_getCode':
        return '0x60'
      case 'eth_getLogs':
        return []
      case 'eth_getBlockByNumber': {
        const number = first === 'latest' ? head : Number(first)
        const header = {
          number: quantity(number),
          hash: hashAt(number),
          parentHash: hashAt(Math.max(0, number - 1)),
        }
        const timestamp = quantity(1_757_328_861 + number - block)
        return { ...header, timestamp, logsBloom: `0x${'00'.repeat(256)}` }
      }
      default:
        return null
    }
  }
  // What a client of JSON-RPC sends.
  type Call = { readonly id: number; readonly method: string; readonly params: readonly unknown[] }
  const reply = ({ id, method, params }: Call) => ({ jsonrpc: '2.0', id, result: answer(method, params) })
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => (text += part.toString()))
    request.on('end', () => {
      const asked = JSON.parse(text) as Call | readonly Call[]
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify('method' in asked ? reply(asked) : asked.map(reply)))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // It listens on a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`
}

const raindex = (words: readonly string[]) => runCommand(['raindex', ...words])
