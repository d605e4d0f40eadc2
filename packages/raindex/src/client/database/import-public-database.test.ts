import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createStaticCodeCache } from '../../engine/index.ts'
import { display, eq, parse, type Float } from '../../float/index.ts'
import { openLiveVirtualRaindex } from '../../live/index.ts'
import { goldenFolder, readGolden } from '../../testing/golden-folder.ts'
import { fetchVerified } from '../fetch-verified.ts'
import { importPublicDatabase } from './import-public-database.ts'
import { createLocalDbSyncEngine, type LocalDbCursor } from './local-db-sync-engine.ts'
import { openDump } from './open-dump.ts'
import { openLocalDatabase } from './open-local-database.ts'

const dumpPath = join(goldenFolder(), 'real-arbitrum-v5-local-db.sql.gz')
const orderbook = { address: '0x2f209e5b67a33b8fe96e28f24628df6da301c8eb', version: 'v5' } as const

type Expected = {
  readonly liveOrderHashes: readonly string[]
  readonly finalVaults: readonly { owner: string; token: string; vaultId: string; exactDecimal: string }[]
}

test.skipIf(!existsSync(dumpPath))(
  '[CN4] a database that the public tool wrote gives the orders and balances of its book',
  async () => {
    const dump = new Uint8Array(readFileSync(dumpPath))
    const sha256 = createHash('sha256').update(dump).digest('hex')
    const fetch = async () => new Response(dump)
    const bytes = await fetchVerified({ url: 'http://dumps/book.sql.gz', sha256, fetch })
    const database = await openLocalDatabase({ path: ':memory:' })
    const book = database.book({ chainId: 42_161, orderbook })
    const result = await importPublicDatabase(openDump(bytes), book)
    expect(result).toMatchObject({ logs: 134, upToBlock: 376_962_619 })
    expect(result.storesWithoutLogs.length).toBeGreaterThan(0)

    const engine = createLocalDbSyncEngine({ book, logsPerPoll: 50 })
    await expect(engine.poll(orderbook.address, undefined)).rejects.toMatchObject({
      code: 'raindex/store-logs-missing',
    })
    const live = await openLiveVirtualRaindex<LocalDbCursor>({
      chainId: 42_161,
      orderbook,
      syncEngine: createLocalDbSyncEngine({ book, logsPerPoll: 50, withoutStoreLogs: true }),
      codeCache: createStaticCodeCache(await codeOfAll(book.artifacts())),
      host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
    })
    while ((await live.syncOnce()).phase !== 'Idle');
    // Recorded data of a documented shape.
    const expected = JSON.parse(readGolden('real-arbitrum-v5-expected.json') ?? '') as Expected
    expect([...live.orders.entries()].map(([hash]) => hash).toSorted()).toEqual(
      expected.liveOrderHashes.toSorted(),
    )
    const rows = new Map([...live.vaults.entries()].map(([id, row]) => [id, row['balance'] as Float]))
    for (const { owner, token, vaultId, exactDecimal } of expected.finalVaults) {
      const balance = rows.get(`${owner}/${token}/${vaultId}`)
      const isEqual = balance !== undefined && eq(balance, parse(exactDecimal))
      expect(isEqual, `${owner} ${token} ${balance === undefined ? 'none' : display(balance)}`).toBe(true)
    }
    await live.close()
    await database.close()
  },
)

test('[CN4] a download with another checksum is not used', async () => {
  const fetch = async () => new Response('CREATE TABLE raw_events (x)')
  const download = fetchVerified({ url: 'http://dumps/book.sql', sha256: '00'.repeat(32), fetch })
  await expect(download).rejects.toMatchObject({ code: 'raindex/checksum-mismatch', kind: 'protocol' })
})

test.each([
  ["ATTACH '/tmp/elsewhere.sqlite' AS other"],
  ['CREATE TABLE raw_events (raw_json, log_index); DROP TABLE raw_events'],
  ['PRAGMA writable_schema = ON'],
  ['this is no SQL'],
])('[CN4] a dump that does more than fill tables is refused: %s', (sql) => {
  expect(() => openDump(new TextEncoder().encode(sql))).toThrow(
    expect.objectContaining({ code: 'raindex/bad-dump' }),
  )
})

test('[CN4] a database without raw events, and a log that cannot be read, are refused in one sentence', async () => {
  const database = await openLocalDatabase({ path: ':memory:' })
  const book = database.book({ chainId: 1, orderbook })
  const empty = openDump(new TextEncoder().encode('CREATE TABLE other (x)'))
  await expect(importPublicDatabase(empty, book)).rejects.toMatchObject({ code: 'raindex/bad-dump' })
  const columns = 'block_number, log_index, block_timestamp, raw_json'
  const wrong = openDump(
    new TextEncoder().encode(
      `CREATE TABLE raw_events (${columns}); INSERT INTO raw_events VALUES (1, 0, 5, '{"address":"0x12"}')`,
    ),
  )
  await expect(importPublicDatabase(wrong, book)).rejects.toMatchObject({
    code: 'raindex/bad-dump',
    message: 'Log 0 of block 1 of the database cannot be read. Get the file again.',
  })
  expect(await book.tip()).toBe(undefined)
  await database.close()
})

async function codeOfAll(
  artifacts: Promise<readonly { kind: 'Interpreter' | 'Store' | 'Aux'; address: string }[]>,
) {
  return (await artifacts).map(({ kind, address }) => ({ kind, address, bytecode: '0x60' }))
}
