import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FreshetError } from '@freshet/core'
import { createVirtualClock } from '@freshet/core/testing'
import { RpcFault } from '@freshet/raindex/client'
import type { Hex } from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { op, testProgram, type LocalBook } from '@freshet/raindex/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Io } from '../../io.ts'
import { addOrder } from '../../testing/add-order.ts'
import { beginBook } from '../../testing/begin-book.ts'
import { anvil, openBookOnChain, skipped, type BookOnChain } from '../../testing/book-on-chain.ts'
import { recordIo } from '../../testing/record-io.ts'
import { runCommand, type Ran } from '../../testing/run-command.ts'
import { createSyncProgress } from './sync-progress.ts'

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
    expect(quoted.out[0]?.split('\n')[1]).toMatch(/^0x\w{64}\s+0\s+0\s+1\.5\s+1\.5\s+3\s+3\s+0 bp\s+match$/)
    expect(quoted.err.at(-1)).toMatch(/^Both at block \d+, 0 behind the head, \d+ s old\.$/)
    const asJson = await raindex(['quote', ...chain, '--json'])
    expect(JSON.parse(asJson.out[0] ?? '')).toMatchObject({
      order: orderHash,
      basisPoints: { ratio: 0, most: 0 },
      verdict: { kind: 'match' },
    })

    const svg = join(folder, 'replay.svg')
    const replayed = await raindex(['replay', orderHash, '--db', db, '--step', '2s', '--csv', '--svg', svg])
    expect(replayed).toMatchObject({ code: 0 })
    const lines = replayed.out[0]?.split('\n') ?? []
    expect(lines[0]).toBe('time,block,input,output,ratio,max_output,no_quote,marks')
    expect(lines.at(-1)).toMatch(/,1\.5,3,/)
    expect(await readFile(svg, 'utf8')).toContain('<svg')

    const csv = join(folder, 'points.csv')
    const written = await raindex(['replay', orderHash, '--db', db, '--step', '2s', '--csv', csv])
    expect(written).toMatchObject({ code: 0, out: [] })
    expect((await readFile(csv, 'utf8')).trimEnd()).toBe(replayed.out[0])

    const unknown = `0x${'8'.repeat(64)}`
    for (const json of [[], ['--json']]) {
      const { code, out, err } = await raindex(['quote', unknown, ...chain, ...json])
      const sentence = `${book.orderbook.address} has no order ${unknown} at block ${(await book.head()).number}. `
      expect({ code, out, err }).toEqual({ code: 2, out: [], err: [expect.stringContaining(sentence)] })
    }

    // The first node that answers says which chain it is.
    const helped = await raindex(['quote', orderHash, '--rpc', 'http://127.0.0.1:9', ...chain])
    expect(helped.out[0]).toMatch(/0 bp\s+match$/)

    for (const [words, sentence] of [
      [['--csv', join(folder, 'there-is-none', 'x.csv')], 'cannot be written'],
      [['--from', '2100-01-01T00:00:00Z'], 'The history ends at 20'],
      [['--from', '2100-01-01T00:00:00Z', '--to', '2000-01-01T00:00:00Z'], 'Turn it around'],
      [['--from', '99999999999999'], '--from takes a time'],
      [['--orderbook', `0x${'9'.repeat(40)}`], `It has: ${book.orderbook.address} of chain`],
    ] as const) {
      const { code, err } = await raindex(['replay', orderHash, '--db', db, ...words])
      expect([code, err.length, err[0]]).toEqual([2, 1, expect.stringContaining(sentence)])
    }
  },
)

test.skipIf(anvil === undefined)(
  `[RC10] a sync that begins after the order book did says so${skipped}`,
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const sync = async (from: number, name: string) => {
      const node = ['--rpc', book.url, '--orderbook', book.orderbook.address, '--from', String(from)]
      return (await raindex(['sync', ...node, '--db', join(folder, name)])).err.join(' ')
    }
    expect(await sync(book.deployedAt + 1, 'late.sqlite')).toContain('was there before block')
    expect(await sync(book.deployedAt, 'in-time.sqlite')).not.toContain('was there before')
  },
)

test.skipIf(anvil === undefined)(
  `[RC10] a sync from an earlier block fills in what one that began late has left out${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { orderHash, deposit } = await addOrder(book, '1')
    const late = (await book.head()).number + 1
    await deposit('1')
    const db = [
      '--rpc',
      book.url,
      '--orderbook',
      book.orderbook.address,
      '--db',
      join(folder, 'filled.sqlite'),
    ]
    const sync = (from: number) => raindex(['sync', ...db, '--from', String(from)])
    const begun = await sync(late)
    // Who does not say where the file begins makes nothing else of it.
    expect((await raindex(['quote', orderHash, ...db])).out[0]).toMatch(/they disagree$/)
    expect((await sync(late)).out).toEqual(begun.out)

    const filled = await sync(book.deployedAt)
    expect(filled.err[0]).toBe(`Filled in the events before block ${late}.`)
    expect((await raindex(['quote', orderHash, ...db])).out[0]).toMatch(/0 bp\s+match$/)
    expect(await sync(book.deployedAt)).toEqual({
      ...{ code: 0, out: filled.out },
      err: [expect.stringMatching('^Synced from')],
    })
  },
)

test('[RC10] Ctrl-C ends what only waits for a node, and is no fault', async () => {
  const ending = new AbortController()
  const server = createServer(() => ending.abort())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // It listens on a port.
  const { port } = server.address() as AddressInfo
  const node = ['--rpc', `http://127.0.0.1:${port}`, '--db', join(opened.folder, 'ended.sqlite')]
  const ended = await raindex(['quote', '--orderbook', `0x${'1'.repeat(40)}`, ...node], {
    interrupted: () => ending.signal,
  })
  expect(ended).toMatchObject({ code: 130, err: ['Stopped.'] })
  server.closeAllConnections()
  server.close()
})

test('[RC10] while no node answers, that is said in the line of progress, or once where nobody watches', () => {
  const clock = createVirtualClock()
  const message = 'The node is away.'
  const lastError = new FreshetError({ code: 'test/away', kind: 'remote', retryable: true, message })
  const nextAttemptAtUnixMs = clock.now() + 1_500
  const shown: string[] = []
  const watched = recordIo({ clock, progress: (text) => void shown.push(text) })
  const unwatched = recordIo({ clock })
  for (const { io } of [watched, unwatched]) {
    const progress = createSyncProgress(io)
    for (let failed = 0; failed < 2; failed++)
      progress.look({ state: 'retrying', freshness: { lastError, nextAttemptAtUnixMs } })
  }
  const said = 'The node is away. Next attempt in 2 s.'
  expect([shown, watched.err, unwatched.err]).toEqual([[said, said], [], [said]])

  const fault = new RpcFault('transport', 'It is away.')
  createSyncProgress(unwatched.io).fault({ node: 'host', fault, waitMs: 500 })
  for (const waitMs of [500, 0]) createSyncProgress(watched.io).fault({ node: 'host', fault, waitMs })
  const ofNode = ['Next attempt in 1 s. host: It is away.', 'Another one is asked. host: It is away.']
  expect([shown.slice(2), unwatched.err]).toEqual([ofNode, [said]])
})

test.skipIf(anvil === undefined)(
  `[RC10] replay refuses a time from before the events that are kept; sync --from fills them in${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { orderHash, deposit } = await addOrder(book, '1')
    await book.mine(2)
    const db = join(folder, 'from-snapshot.sqlite')
    const begunAt = await beginBook(book, db)
    await deposit('1')
    const synced = await raindex(['sync', '--rpc', book.url, '--db', db])
    expect(synced.err).toEqual([expect.stringMatching(`^Synced from block ${begunAt} in`)])
    const replay = ['replay', orderHash, '--db', db]
    // From the snapshot on, where nothing else is asked for.
    const since = await raindex([...replay, '--csv'])
    expect(since).toMatchObject({ code: 0 })
    expect(since.out[0]?.split('\n')[1]).toContain(`,${begunAt},`)
    const refused = await raindex([...replay, '--from', '2020-01-01', '--to', '2020-01-02', '--step', '1h'])
    expect(refused).toMatchObject({ code: 2, out: [] })
    expect(refused.err.join('\n')).toContain(`events are kept from block ${begunAt}, `)

    const filled = await raindex(['sync', '--rpc', book.url, '--db', db, '--from', String(book.deployedAt)])
    expect(filled).toMatchObject({
      code: 0,
      err: [`Filled in the events before block ${begunAt + 1}.`, expect.anything()],
    })
    expect(
      await raindex([...replay, '--from', '2020-01-01', '--to', '2020-01-02', '--step', '1h']),
    ).toMatchObject({ code: 0 })
    const whole = await raindex([...replay, '--csv'])
    expect(whole.out[0]?.split('\n').at(-1)).toBe(since.out[0]?.split('\n').at(-1))
  },
)

test.skipIf(anvil === undefined)(
  `[RC18] what an oracle has signed goes into both quotes and into a replay, from a file or as it was taken${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    const [trader] = book?.traders ?? []
    const [input, output] = book?.tokens ?? []
    if (book === undefined || !trader || !input || !output) throw new Error('the chain did not start')
    const vaultId = `0x${'7'.padStart(64, '0')}` as const
    await trader.deposit(output.address, vaultId, '100')
    // Offers at what is signed.
    const { order, orderHash } = await trader.addOrder({
      bytecode: testProgram([op.push(floatToHex(parse('3'))), op.context(6, 0)]),
      inputs: [{ token: input.address, vaultId }],
      outputs: [{ token: output.address, vaultId }],
    })
    const [first, second] = [
      await signBy(book, trader.address, '1.25'),
      await signBy(book, trader.address, '2.5'),
    ]
    const files = { first: join(folder, 'first.json'), forged: join(folder, 'forged.json') }
    await writeFile(files.first, JSON.stringify(first))
    await writeFile(files.forged, JSON.stringify([{ ...first, context: second.context }]))
    await trader.takeOrders([{ order, signedContext: [second] }], { maximumInput: '1' })
    await book.mine(2)

    const db = ['--db', join(folder, 'signed.sqlite')]
    const chain = ['--rpc', book.url, '--orderbook', book.orderbook.address, ...db]
    const quoted = await raindex(['quote', orderHash, '0', '0', ...chain, '--signed', files.first, '--json'])
    expect(JSON.parse(quoted.out[0] ?? '')).toMatchObject({
      virtual: { ratio: '1.25', most: '3' },
      rpc: { ratio: '1.25', most: '3' },
      verdict: { kind: 'match' },
    })
    const forged = await raindex(['quote', orderHash, '0', '0', ...chain, '--signed', files.forged, '--json'])
    expect(JSON.parse(forged.out[0] ?? '')).toMatchObject({
      virtual: { notComparable: { kind: 'InvalidSignature' } },
      rpc: { kind: 'reverted' },
    })
    const replay = ['replay', orderHash, ...db, '--step', '2s', '--csv']
    const lastPoint = async (...more: readonly string[]) =>
      (await raindex([...replay, ...more])).out[0]?.split('\n').at(-1)
    expect(await lastPoint('--signed', 'as-taken')).toMatch(/,2\.5,3,/)
    expect(await lastPoint('--signed', files.first)).toMatch(/,1\.25,3,.*signed-context/)
    expect(await lastPoint()).not.toMatch(/,3,/)

    await writeFile(files.forged, '[{"signer":"0x12"}]')
    for (const [words, sentence] of [
      [['quote', ...chain, '--signed', 'as-taken'], '--signed as-taken is for a replay'],
      [[...replay, '--signed', files.forged], 'has no signed words in entry 1'],
      [[...replay, '--signed', join(folder, 'none.json')], 'there is none of this name'],
    ] as const) {
      const { code, err } = await raindex(words)
      expect([code, err.length, err[0]]).toEqual([2, 1, expect.stringContaining(sentence)])
    }
  },
)

/** A number as its signer's oracle gives it. */
async function signBy(book: LocalBook, signer: Hex, amount: string) {
  const context = [floatToHex(parse(amount))]
  const hash = await book.request('web3_sha3', context)
  // What a node answers to this.
  const signature = (await book.request('eth_sign', [signer, hash])) as Hex
  return { signer, context, signature }
}

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
  [['sync', '--rpc', '--db', 'DB'], 2, '--rpc lacks its value'],
  [['sync', '--rpc', 'RPC', '--db', 'DB', '--to', '5'], 2, 'Leave --to out'],
  [['sync', '--rpc', 'RPC', '--db', 'FOLDER', '--orderbook', 'BOOK'], 2, 'is a folder'],
  [['sync', '--rpc', 'RPC', '--db', 'NOWHERE', '--orderbook', 'BOOK'], 2, 'is not there. Make it'],
  [['quote', '--rpc', 'RPC', '--db', 'DB'], 2, 'The database has no order book yet'],
  [['replay', 'ORDER', '--db', 'NONE'], 2, 'There is no database'],
  [['replay', '--db', 'DB'], 2, 'order'],
])(`[RC10] the call %j ends with %i and one sentence${skipped}`, async (words, code, sentence) => {
  const { book, folder } = opened
  const known = {
    DB: join(folder, 'empty.sqlite'),
    NONE: join(folder, 'there-is-none.sqlite'),
    FOLDER: folder,
    NOWHERE: join(folder, 'there-is-none', 'book.sqlite'),
    RPC: book?.url,
    BOOK: book?.orderbook.address,
    ORDER: `0x${'1'.repeat(64)}`,
  }
  // Words that are no names stay.
  const ran = await raindex(words.map((word) => known[word as keyof typeof known] ?? word))
  const said = ran.err.join('\n')
  expect(said).toContain(sentence)
  expect({ code: ran.code, lines: said.split('\n').length }).toEqual({ code, lines: 1 })
})

test.skipIf(anvil === undefined)(
  `[RC14] a settings file names nodes, first block and order book${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { orderHash } = await addOrder(book, '100')
    const [db, settings] = [join(folder, 'named.sqlite'), join(folder, 'settings.yaml')]
    await writeFile(settings, settingsOf(book.url, book.chainId, book.orderbook.address))
    const file = ['--settings', settings, '--db', db]
    const synced = await raindex(['sync', ...file, '--orderbook', 'ours'])
    expect(synced).toMatchObject({ code: 0, err: [expect.stringMatching(/^Synced from the start in/)] })
    expect(synced.out[0]).toContain(`${book.orderbook.address}  block ${(await book.head()).number}`)
    const quoted = await raindex(['quote', orderHash, ...file, '--orderbook', 'ours'])
    expect(quoted.out[0]).toMatch(/match$/)
    const replayed = await raindex(['replay', orderHash, ...file, '--orderbook', 'ours', '--csv'])
    expect(replayed).toMatchObject({ code: 0 })
    // By its address too, and other nodes before those of the file.
    const again = await raindex(['sync', ...file, '--orderbook', book.orderbook.address, '--rpc', book.url])
    expect(again).toMatchObject({ code: 0, err: [expect.stringMatching(/^Synced from block \d+ in/)] })
  },
)

test.each([
  [['sync', '--orderbook', 'others'], 'settings.yaml has no order book "others". It has: ours, theirs.'],
  [['sync', '--chain', '5'], 'settings.yaml has no order book. It has: ours, theirs.'],
  [['replay', `0x${'1'.repeat(64)}`, '--orderbook', 'ours'], 'There is no database'],
])('[RC14] %j ends with what the settings file has', async (words, sentence) => {
  const settings = join(opened.folder, 'other', 'settings.yaml')
  await mkdir(join(opened.folder, 'other'), { recursive: true })
  await writeFile(settings, settingsOf('http://127.0.0.1:9', 31_337, `0x${'1'.repeat(40)}`))
  const file = ['--settings', settings, '--db', join(opened.folder, 'none.sqlite')]
  const ran = await raindex([...words, ...file])
  expect({ code: ran.code, text: ran.err.join('\n') }).toEqual({
    code: 2,
    text: expect.stringContaining(sentence),
  })
})

test('[RC14] what is wrong in a settings file is said with its line', async () => {
  const settings = join(opened.folder, 'wrong.yaml')
  await writeFile(settings, 'networks:\n  local:\n    rpcs: [ftp://host]\n    chainid: 5\n')
  const ran = await raindex(['sync', '--settings', settings, '--db', join(opened.folder, 'none.sqlite')])
  expect(ran.code).toBe(2)
  const text = ran.err.join('\n')
  expect(text).toContain('wrong.yaml:3: An RPC of the network local must be an address')
  expect(text).toContain('wrong.yaml:4: There is no setting "chainid" in the network local.')
})

test.skipIf(anvil === undefined)(
  `[RC15] an empty book begins from the dump that its settings list, and where none can be had from the nodes${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const head = await book.head()
    // Rows without any: of a book whose events all come later.
    const dump = 'BEGIN;\nCOMMIT;\n'
    const sha256 = createHash('sha256').update(dump).digest('hex')
    let manifest = ''
    const server = createServer((request, response) => {
      response.end(request.url === '/manifest.yaml' ? manifest : dump)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    // It listens on a port.
    const { port } = server.address() as AddressInfo
    manifest = manifestOf(book, head, `http://127.0.0.1:${port}/book.sql`)
    const settings = join(folder, 'with-dumps.yaml')
    const text = settingsOf(book.url, book.chainId, book.orderbook.address)
    const remote = `local-db-remotes:\n  ours: http://127.0.0.1:${port}/manifest.yaml\n`
    await writeFile(
      settings,
      remote + text.replace('    deployment-block', '    local-db-remote: ours\n    deployment-block'),
    )
    const call = (db: string): readonly string[] => [
      ...['sync', '--settings', settings, '--orderbook', 'ours', '--db', join(folder, db)],
    ]
    const unchecked = await raindex(call('unchecked.sqlite'))
    expect(unchecked).toMatchObject({ code: 0 })
    expect(unchecked.err.join(' ')).toContain('Everything is read from the nodes instead.')
    const other = await raindex([...call('begun.sqlite'), '--sha256', '0'.repeat(64)])
    expect(other).toMatchObject({ code: 4, err: [expect.stringContaining(`has the checksum ${sha256}`)] })
    const begun = await raindex([...call('begun.sqlite'), '--sha256', sha256])
    expect(begun).toMatchObject({ code: 0 })
    expect(begun.err[0]).toBe(`Began from a dump up to block ${head.number}.`)
    expect(begun.out[0]).toContain('0 events')
    server.close()
  },
)

function manifestOf(
  book: LocalBook,
  head: { readonly number: number; readonly hash: string },
  url: string,
): string {
  return `manifest-version: 1
db-schema-version: 2
networks:
  local:
    chain-id: ${book.chainId}
    orderbooks:
      - address: "${book.orderbook.address}"
        dump-url: ${url}
        end-block: ${head.number}
        end-block-hash: "${head.hash}"
        end-block-time-ms: 1700000000000
`
}

/** Two order books: that of the test, and one on a chain that is not there. */
function settingsOf(url: string, chainId: number, address: string): string {
  return `version: 6
networks:
  local:
    rpcs:
      - wss://elsewhere.invalid
      - ${url}
    chain-id: ${chainId}
  far:
    rpcs: [http://127.0.0.1:9]
    chain-id: 7
raindexes:
  ours:
    network: local
    address: "${address}"
    deployment-block: 1
  theirs:
    network: far
    address: "0x${'2'.repeat(40)}"
    deployment-block: 1
local-db-sync:
  local:
    batch-size: 50
    max-concurrent-batches: 2
    retry-attempts: 2
    retry-delay-ms: 50
    rate-limit-delay-ms: 50
    finality-depth: 8
    bootstrap-block-threshold: 100
    sync-interval-ms: 200
`
}

const raindex = (words: readonly string[], more?: Partial<Io>): Promise<Ran> =>
  runCommand(['raindex', ...words], more)
