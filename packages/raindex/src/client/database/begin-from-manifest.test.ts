import { createSeededRandom } from '@freshet/core/testing'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createFakeChain, type FakeChain } from '../../testing/fake-node-chain.ts'
import { createFakeNode } from '../../testing/fake-node.ts'
import { prepareStory, storyBook, storyLogs } from '../../testing/fake-node-story.ts'
import { createBookSync } from '../chain/create-book-sync.ts'
import { createChainHeads } from '../chain/chain-heads.ts'
import type { RpcFetch } from '../chain/send-over-fetch.ts'
import { createRpcPool, type RpcPool } from '../chain/rpc-pool.ts'
import { beginFromManifest, type BeginFromManifestOptions } from './begin-from-manifest.ts'
import type { LocalBook, LocalDatabase } from './local-database.ts'
import { openLocalDatabase } from './open-local-database.ts'
import { readDumpManifest } from './read-dump-manifest.ts'

const manifestUrl = 'http://dumps/manifest.yaml'
const dumpUrl = 'http://dumps/book.sql.gz'

test('[CN17] a book begins from the dump that a manifest lists, and a sync goes on behind it', async () => {
  const chain = storyChain(60)
  const end = 45
  const { options, database, book } = await begin({ chain, dumpTo: 40, endBlock: end })
  // One of the tokens is not in the dump, and its contract tells no decimals.
  const begun = await beginFromManifest({ ...options, pool: poolOf(chain) })
  expect(begun).toMatchObject({ kind: 'imported', endBlock: end })
  expect(await book.tip()).toEqual({ number: end, hash: chain.block(end)?.hash })
  await syncOnce(book, chain)

  const whole = await openLocalDatabase({ path: ':memory:' })
  const read = whole.book(book.id)
  await syncOnce(read, chain)
  expect((await book.read(-1, 10_000)).logs).toEqual((await read.read(-1, 10_000)).logs)
  for (const sql of [
    'SELECT * FROM running_vault_balances ORDER BY owner, token, vault_id',
    'SELECT * FROM order_events ORDER BY block_number, log_index',
  ]) {
    const expected = await whole.query(sql)
    expect(expected.length).toBeGreaterThan(5)
    expect(await database.query(sql)).toEqual(expected)
  }
  // What is there is worth more than a dump.
  expect(await beginFromManifest(options)).toEqual({ kind: 'not-needed' })
  await database.close()
  await whole.close()
})

test('[CN17] a dump that the chain does not know is undone by the sync', async () => {
  const chain = storyChain(60)
  const { options, database, book } = await begin({ chain: storyChain(45, 2), dumpTo: 40, endBlock: 45 })
  expect(await beginFromManifest(options)).toMatchObject({ kind: 'imported' })
  await syncOnce(book, chain)
  const rows = await database.query('SELECT DISTINCT block_number, block_hash FROM raw_events')
  expect(rows.length).toBeGreaterThan(5)
  for (const row of rows) expect(row['block_hash']).toBe(chain.block(Number(row['block_number']))?.hash)
  await database.close()
})

test.each([
  ['lists no such book', { address: `0x${'5'.repeat(40)}` }, {}, 'not-listed'],
  ['lists another chain', { chainId: 7 }, {}, 'not-listed'],
  ['gives no checksum', { sha256: 'none' }, {}, 'Nobody gives a checksum'],
  ['gives no checksum, which is taken', { sha256: 'none' }, { withoutChecksum: true }, 'imported'],
  ['gives none but the caller', { sha256: 'none' }, { sha256: '0'.repeat(64) }, 'has the checksum'],
  ['gives another checksum', { sha256: '1'.repeat(64) }, {}, 'has the checksum'],
  ['names an earlier last block', { endBlock: 12 }, {}, 'beyond its last block 12'],
  ['names another last block', { endHash: `0x${'9'.repeat(64)}`, endBlock: 'last' }, {}, 'another block'],
  ['is not there', { status: 404 }, {}, 'did not come'],
] as const)('[CN17] a manifest that %s', async (_, listing, more, outcome) => {
  const { options, database, book } = await begin({
    chain: storyChain(45),
    dumpTo: 40,
    endBlock: 45,
    ...listing,
  })
  const begun = await beginFromManifest({ ...options, ...more }).catch((error: unknown) => error)
  if (begun instanceof Error) expect(begun.message).toContain(outcome)
  else expect(begun).toMatchObject({ kind: outcome })
  if (outcome !== 'imported') expect(await book.tip()).toBe(undefined)
  await database.close()
})

test('[CN17] everything that is wrong in a manifest is said with its line', () => {
  const text = `manifest-version: 1
networks:
  base:
    chain-id: none
    orderbooks:
      - address: "0x12"
        dump-url: ftp://dumps/book.sql
        end-block: 5
        end-block-hash: "0xab"
`
  expect(() => readDumpManifest(text)).toThrow(
    expect.objectContaining({
      code: 'settings/bad-settings',
      mistakes: [
        { line: 4, message: expect.stringContaining('chain-id of the network base') },
        { line: 6, message: expect.stringContaining('address of a dump') },
        { line: 6, message: expect.stringContaining('end-block-time-ms is missing') },
        { line: 7, message: expect.stringContaining('dump-url of a dump') },
        { line: 9, message: expect.stringContaining('must be 64 hex digits') },
      ],
    }),
  )
  expect(() => readDumpManifest('manifest-version: 2\nnetworks:\n  x: y')).toThrow('Version 2 is not known')
})

type Listing = {
  readonly chain: FakeChain
  readonly dumpTo: number
  /** `last`: that of the newest event. */
  readonly endBlock: number | 'last'
  readonly address?: string
  readonly chainId?: number
  /** `none`: it gives none. Default that of the dump. */
  readonly sha256?: string
  readonly endHash?: string
  readonly status?: number
}

/** An empty book, and a server with a dump and the manifest of it. */
async function begin(listing: Listing): Promise<{
  readonly options: BeginFromManifestOptions
  readonly database: LocalDatabase
  readonly book: LocalBook
}> {
  const { chain, dumpTo, address = storyBook.address, chainId = chain.chainId, status = 200 } = listing
  const dump = dumpOf(chain, dumpTo)
  const sha256 = listing.sha256 ?? createHash('sha256').update(dump).digest('hex')
  const events = chain.blocks().filter(({ number, logs }) => number <= dumpTo && logs.length > 0)
  const endBlock = listing.endBlock === 'last' ? (events.at(-1)?.number ?? 0) : listing.endBlock
  const end = chain.block(endBlock)
  const manifest = `manifest-version: 1
db-schema-version: 2
networks:
  ours:
    chain-id: ${chainId}
    orderbooks:
      - address: "${address}"
        dump-url: ${dumpUrl}
        end-block: ${endBlock}
        end-block-hash: "${listing.endHash ?? end?.hash ?? ''}"
        end-block-time-ms: ${(end?.timestamp ?? 0) * 1_000}
${sha256 === 'none' ? '' : `        dump-sha256: ${sha256}\n`}`
  const fetch: RpcFetch = async (url) =>
    url === dumpUrl ? new Response(Uint8Array.from(dump)) : new Response(manifest, { status })
  const database = await openLocalDatabase({ path: ':memory:' })
  const book = database.book({ chainId: chain.chainId, orderbook: storyBook })
  return { options: { book, url: manifestUrl, fetch }, database, book }
}

/** As the public tool publishes it: rows without tables, a statement on each line. */
function dumpOf(chain: FakeChain, to: number): Uint8Array {
  const quoted = (value: unknown): string =>
    typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
  const columns =
    'chain_id, orderbook_address, transaction_hash, log_index, block_number, block_timestamp, raw_json'
  const logs = chain.blocks().flatMap(({ number, timestamp, logs: own }) => {
    const ours = own.filter(({ address }) => address === storyBook.address && number <= to)
    return ours.map((log) => [
      ...[chain.chainId, storyBook.address, log.transactionHash, Number(log.logIndex), number, timestamp],
      JSON.stringify(log),
    ])
  })
  const tokens = [...chain.tokens].map(([token, decimals]) => [
    ...[chain.chainId, storyBook.address, token, 'T', 'T', decimals],
  ])
  const statements = [
    'BEGIN TRANSACTION;',
    ...logs.map((row) => `INSERT INTO "raw_events" (${columns}) VALUES (${row.map(quoted).join(', ')});`),
    ...tokens.map((row) => `INSERT OR REPLACE INTO erc20_tokens VALUES (${row.map(quoted).join(', ')});`),
    `INSERT INTO "deposits" ("chain_id") VALUES (1);`,
    'COMMIT;',
  ]
  return gzipSync(statements.join('\n'))
}

function storyChain(blocks: number, seed = 1): FakeChain {
  const random = createSeededRandom(seed)
  const chain = createFakeChain({ chainId: 31_337, firstBlock: 1 })
  prepareStory(chain)
  for (let i = 0; i < blocks; i++) {
    // The last blocks of a dump may have no events.
    const number = (chain.head?.number ?? 0) + 1
    chain.mine(number > 40 && number <= 45 ? [] : storyLogs(random, chain))
  }
  return chain
}

async function syncOnce(ledger: LocalBook, chain: FakeChain): Promise<void> {
  const pool = poolOf(chain)
  const heads = createChainHeads({ pollMs: 5 })
  const sync = createBookSync({ pool, orderbook: storyBook, ledger, fromBlock: chain.firstBlock, heads })
  sync.start()
  await expect.poll(() => sync.status.get().state, { timeout: 15_000 }).toBe('live')
  await sync.stop()
}

function poolOf(chain: FakeChain): RpcPool {
  const { fetch } = createFakeNode({ chain })
  return createRpcPool({ chainId: chain.chainId, rpcs: ['http://node'], fetch })
}
