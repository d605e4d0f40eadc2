import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import type { ChainLog } from '../../engine/index.ts'
import { display, floatToHex, hexToFloat, packLossless, parse } from '../../float/index.ts'
import { createLogWriter, orderbookAddress, type LogWriter } from '../../testing/event-logs.ts'
import { addressOf, fixtureOrder, wordOf } from '../../testing/fixture-order.ts'
import { hashOrder } from '../../engine/index.ts'
import type { LedgerWindow } from '../chain/ledger.ts'
import type { LocalBook, LocalDatabase } from './local-database.ts'
import { openLocalDatabase } from './open-local-database.ts'

const folders: string[] = []
const databases: LocalDatabase[] = []
afterEach(async () => {
  for (const database of databases.splice(0)) await database.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-db-'))
  folders.push(folder)
  return join(folder, 'book.sqlite')
}

async function open(path = ':memory:'): Promise<LocalDatabase> {
  const database = await openLocalDatabase({ path })
  databases.push(database)
  return database
}

const orderbook = { address: orderbookAddress, version: 'v5' } as const
const bookOf = (database: LocalDatabase): LocalBook => database.book({ chainId: 1, orderbook })
const [token] = fixtureOrder.validInputs.map((io) => io.token)
const [outputToken] = fixtureOrder.validOutputs.map((io) => io.token)
const sender = addressOf(0x77)
const owner = fixtureOrder.owner

/** A window of blocks that the writer's logs are in. */
function windowOf(
  logs: readonly ChainLog[],
  from: number,
  to: number,
  change: Partial<LedgerWindow> = {},
): LedgerWindow {
  const header = {
    number: to,
    hash: wordOf(to),
    parentHash: wordOf(to - 1),
    timestamp: 1_700_000_000 + to,
    logsBloom: undefined,
  }
  const tokens = [token, outputToken].map((address) => ({
    address: address ?? addressOf(0),
    decimals: 6,
    name: 'Token',
    symbol: 'T',
  }))
  const within = logs.filter(({ blockNumber }) => blockNumber >= from && blockNumber <= to)
  const common = { headers: [header], newStores: new Map(), newTokens: tokens, finalizedTo: 0 }
  return { from, to, header, logs: within, ...common, ...change }
}

function deposit(writer: LogWriter, amount: bigint, vault = 1): void {
  writer.transaction()
  writer.event('DepositV2', [owner, outputToken, wordOf(vault), amount])
}

async function balances(database: LocalDatabase): Promise<readonly string[]> {
  const rows = await database.query('SELECT vault_id, balance FROM running_vault_balances ORDER BY vault_id')
  return rows.map(
    ({ vault_id: id, balance }) =>
      `${Number(BigInt(String(id)) & 255n)} ${display(hexToFloat(String(balance)))}`,
  )
}

test('[CN11] a stretch that comes twice counts once, running balances included', async () => {
  const database = await open()
  const book = bookOf(database)
  const writer = createLogWriter()
  deposit(writer, 5_000_000n)
  writer.block(2)
  deposit(writer, 1_000_000n)
  await book.commit(windowOf(writer.logs, 1, 2))
  await book.commit(windowOf(writer.logs, 1, 2))
  expect(await balances(database)).toEqual(['1 6'])
  // Undone and read again, as after a fork that came back.
  await book.rewind(1)
  expect(await balances(database)).toEqual(['1 5'])
  await book.commit(windowOf(writer.logs, 2, 2))
  expect(await balances(database)).toEqual(['1 6'])
})

test('[CN11] logs that overlap with what is there abort nothing', async () => {
  const database = await open()
  const book = bookOf(database)
  const writer = createLogWriter()
  const store = fixtureOrder.evaluable.store
  writer.event('Set', [1n, wordOf(1), wordOf(7)], store)
  writer.event('Set', [1n, wordOf(2), wordOf(8)], store)
  await book.addStoreLogs(writer.logs.slice(0, 1))
  await book.addStoreLogs(writer.logs)
  const [row] = await database.query('SELECT count(*) AS n FROM interpreter_store_sets')
  expect(row).toEqual({ n: 2 })
  expect(await book.words(store, 2)).toEqual([
    {
      store,
      fqn: `0x${'0'.repeat(63)}1`,
      kvs: [
        { key: wordOf(1), value: wordOf(7) },
        { key: wordOf(2), value: wordOf(8) },
      ],
    },
  ])
})

test('[CN11] two movements of one vault in one log are both kept', async () => {
  const database = await open()
  const book = bookOf(database)
  const writer = createLogWriter()
  const alice = fixtureOrder
  const bob = {
    ...fixtureOrder,
    owner: addressOf(0x43),
    validInputs: alice.validOutputs,
    validOutputs: alice.validInputs,
  }
  const hex = (text: string): string => floatToHex(parse(text))
  writer.event('AddOrderV3', [sender, hashOrder(alice), alice])
  writer.event('AddOrderV3', [sender, hashOrder(bob), bob])
  writer.event('DepositV2', [owner, outputToken, alice.validOutputs[0]?.vaultId, 9_000_000n])
  writer.event('DepositV2', [bob.owner, token, bob.validOutputs[0]?.vaultId, 9_000_000n])
  writer.transaction()
  const indexes = { aliceInputIOIndex: 0n, aliceOutputIOIndex: 0n, bobInputIOIndex: 0n, bobOutputIOIndex: 0n }
  // Alice clears herself, and her bounty goes into the vault that pays it.
  const vaults = { aliceBountyVaultId: alice.validOutputs[0]?.vaultId, bobBountyVaultId: wordOf(9) }
  writer.event('ClearV3', [owner, alice, bob, { ...indexes, ...vaults }])
  writer.event('AfterClearV2', [
    owner,
    { aliceOutput: hex('4'), bobOutput: hex('3'), aliceInput: hex('3'), bobInput: hex('2.5') },
  ])
  await book.commit(windowOf(writer.logs, 1, 1))
  const kinds = await database.query(
    'SELECT change_type, delta FROM vault_balance_changes WHERE owner = ? AND token = ? ORDER BY log_index, movement_index',
    [owner, outputToken ?? ''],
  )
  expect(
    kinds.map(({ change_type: kind, delta }) => `${String(kind)} ${display(hexToFloat(String(delta)))}`),
  ).toEqual(['DEPOSIT 9', 'CLEAR_ALICE_OUTPUT -4', 'CLEAR_ALICE_BOUNTY 1.5'])
  expect(await balances(database)).toContain('2 6.5')
  // Clears can be replayed: the indexes of both sides are there.
  const [clear] = await database.query(
    `SELECT alice_input_io_index + alice_output_io_index + bob_input_io_index + bob_output_io_index AS indexes,
       alice_output_vault_id FROM clear_v3_events`,
  )
  expect(clear).toEqual({ indexes: 0, alice_output_vault_id: alice.validOutputs[0]?.vaultId })
})

test('[CN11] every event has the time of its block', async () => {
  const database = await open()
  const writer = createLogWriter()
  deposit(writer, 1n)
  writer.block(2)
  deposit(writer, 1n)
  await bookOf(database).commit(windowOf(writer.logs, 1, 2))
  const rows = await database.query(
    `SELECT block_timestamp FROM raw_events UNION ALL SELECT block_timestamp FROM deposits
     UNION ALL SELECT block_timestamp FROM vault_balance_changes`,
  )
  const times = [1_700_000_001, 1_700_000_002]
  expect(rows.map((row) => row['block_timestamp'])).toEqual([...times, ...times, ...times])
  const changes = await database.query(
    'SELECT transaction_hash, running_balance FROM vault_balance_changes ORDER BY block_number',
  )
  expect(changes.map((row) => row['transaction_hash'])).toEqual(
    writer.logs.map(({ transactionHash }) => transactionHash),
  )
})

test('[CN11] a stretch that does not follow is refused whole', async () => {
  const database = await open()
  const book = bookOf(database)
  const writer = createLogWriter()
  deposit(writer, 1n)
  await book.commit(windowOf(writer.logs, 1, 1))
  writer.block(4)
  deposit(writer, 1n)
  await expect(book.commit(windowOf(writer.logs, 3, 4))).rejects.toThrow('do not follow block 1')
  expect(await book.tip()).toEqual({ number: 1, hash: wordOf(1) })
  const [row] = await database.query('SELECT count(*) AS n FROM raw_events')
  expect(row).toEqual({ n: 1 })
})

test('[CN11] a log that cannot be read takes its whole stretch back', async () => {
  const database = await open()
  const book = bookOf(database)
  const writer = createLogWriter()
  deposit(writer, 1_000_000n)
  const [good] = writer.logs
  if (good === undefined) return
  const garbled: ChainLog = { ...good, logIndex: 9, data: '0x1234' }
  await expect(book.commit(windowOf([good, garbled], 1, 1))).rejects.toMatchObject({
    code: 'raindex/bad-log',
  })
  expect(await book.tip()).toBe(undefined)
  expect(await balances(database)).toEqual([])
  await book.commit(windowOf([good], 1, 1))
  expect(await balances(database)).toEqual(['1 1'])
})

test('[CN11] a fork takes everything of its blocks away, and readers are told how far', async () => {
  const database = await open()
  const book = bookOf(database)
  const writer = createLogWriter()
  deposit(writer, 2_000_000n)
  writer.block(2)
  writer.event('AddOrderV3', [sender, hashOrder(fixtureOrder), fixtureOrder])
  writer.event('TakeOrderV3', [
    sender,
    {
      order: fixtureOrder,
      inputIOIndex: 0n,
      outputIOIndex: 0n,
      signedContext: [{ signer: sender, context: [wordOf(1), wordOf(2)], signature: '0x12' }],
    },
    floatToHex(packLossless(1n, 0)),
    floatToHex(packLossless(2n, 0)),
  ])
  deposit(writer, 1_000_000n, 3)
  const stores = new Map([[fixtureOrder.evaluable.store, 2]])
  await book.commit(windowOf(writer.logs, 1, 1))
  await book.commit(windowOf(writer.logs, 2, 2, { newStores: stores }))
  expect(await book.stores()).toEqual(stores)
  await book.rewind(1)
  expect(await book.tip()).toEqual({ number: 1, hash: wordOf(1) })
  expect(await book.stores()).toEqual(new Map())
  expect(await book.rewindsSince(0)).toEqual({ last: 1, toBlock: 1 })
  expect(await book.rewindsSince(1)).toEqual({ last: 1, toBlock: undefined })
  expect(await balances(database)).toEqual(['1 2'])
  const tables = ['order_events', 'order_ios', 'take_orders', 'take_order_contexts', 'context_values']
  for (const table of tables) expect(await database.query(`SELECT * FROM ${table}`), table).toEqual([])
  await book.rewind(0)
  expect(await book.tip()).toBe(undefined)
  expect(await balances(database)).toEqual([])
})

test('[CN11] several books share a file and see only themselves', async () => {
  const database = await open()
  const writer = createLogWriter()
  deposit(writer, 2_000_000n)
  await bookOf(database).commit(windowOf(writer.logs, 1, 1))
  const other = database.book({ chainId: 2, orderbook })
  expect(await other.tip()).toBe(undefined)
  await other.commit(windowOf([], 1, 7))
  await other.rewind(0)
  expect(await bookOf(database).tip()).toEqual({ number: 1, hash: wordOf(1) })
  expect(await balances(database)).toEqual(['1 2'])
})

test('[CN16] a first fill keeps no index for readers; the first who reads has them made', async () => {
  const path = newPath()
  const database = await open(path)
  const writer = createLogWriter()
  deposit(writer, 2_000_000n)
  const plain = new DatabaseSync(path, { readOnly: true })
  const indexes = (): number =>
    plain.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all().length
  // Asked before there is anything, as by a command that looks for its book.
  await database.query('SELECT * FROM target_watermarks')
  await bookOf(database).commit(windowOf(writer.logs, 1, 1))
  expect(indexes()).toBe(0)
  await database.query('SELECT * FROM take_orders')
  expect(indexes()).toBe(12)
  plain.close()
})

test('[CN16] a read does not wait for another process that writes, and has the indexes made later', async () => {
  const path = newPath()
  const database = await open(path)
  const writer = createLogWriter()
  deposit(writer, 2_000_000n)
  await bookOf(database).commit(windowOf(writer.logs, 1, 1))
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  expect(await database.query('SELECT count(*) AS n FROM deposits')).toEqual([{ n: 1 }])
  other.exec('COMMIT')
  await database.query('SELECT 1')
  expect(other.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'idx_%'").get()).toEqual({
    n: 12,
  })
  other.close()
})

test('[CN11] queries of others cannot write', async () => {
  const path = newPath()
  const database = await open(path)
  await expect(database.query('DELETE FROM raw_events')).rejects.toMatchObject({
    code: 'raindex/database-unavailable',
  })
})

test('[CN12] code and snapshots are kept, the newest snapshots of each book', async () => {
  const database = await open()
  const book = bookOf(database)
  const code = {
    kind: 'Store',
    address: sender,
    bytecode: '0x60',
    fetchedAtBlock: 3,
    fetchedAtUnixMs: 5,
  } as const
  await book.putCode(code)
  expect(await book.code()).toEqual([code])
  for (const number of [1, 2, 3]) {
    const block = { number, hash: wordOf(number) }
    await book.putSnapshot({ block, timestamp: number, checksum: 'c', bundle: `{"n":${number}}` }, 2)
  }
  expect((await book.snapshot(9))?.block.number).toBe(3)
  expect((await book.snapshot(2))?.bundle).toBe('{"n":2}')
  expect(await book.snapshot(1)).toBe(undefined)
})

test('[CN12] the file says whose it is, and is opened again as it was', async () => {
  const path = newPath()
  const writer = createLogWriter()
  deposit(writer, 2_000_000n)
  const first = await openLocalDatabase({ path })
  await bookOf(first).commit(windowOf(writer.logs, 1, 1))
  await first.close()
  const plain = new DatabaseSync(path)
  expect(plain.prepare('PRAGMA application_id').get()).toEqual({ application_id: 0x52_49_44_58 })
  expect(plain.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
  expect(plain.prepare('SELECT db_schema_version FROM db_metadata').get()).toEqual({ db_schema_version: 2 })
  plain.close()
  const again = await open(path)
  expect(await bookOf(again).tip()).toEqual({ number: 1, hash: wordOf(1) })
  expect(await again.query('SELECT version FROM book_versions')).toEqual([{ version: 'v5' }])
})

test.each([
  ['of another program', 'CREATE TABLE notes (x)', 'is the database of another program'],
  [
    'of the public tool',
    'CREATE TABLE raw_events (x); PRAGMA user_version = 5',
    'was written by another tool (schema 5)',
  ],
  [
    'of a newer schema',
    'CREATE TABLE raw_events (x); CREATE TABLE freshet_layout (version); INSERT INTO freshet_layout VALUES (1); PRAGMA application_id = 1380533336; PRAGMA user_version = 3',
    'has schema 3.1, and this Freshet reads 2.3',
  ],
  [
    'of an older layout',
    'CREATE TABLE raw_events (x); CREATE TABLE freshet_layout (version); INSERT INTO freshet_layout VALUES (1); PRAGMA application_id = 1380533336; PRAGMA user_version = 2',
    'has schema 2.1, and this Freshet reads 2.3',
  ],
])('[CN12] a file %s is refused and left as it is', async (_, sql, message) => {
  const path = newPath()
  const plain = new DatabaseSync(path)
  plain.exec(sql)
  plain.close()
  const before = readFileSync(path)
  await expect(openLocalDatabase({ path })).rejects.toMatchObject({
    code: 'raindex/database-foreign',
    message: expect.stringContaining(message),
  })
  expect(readFileSync(path).equals(before)).toBe(true)
})

test.each([false, true])('[CN12] a damaged file is refused in one sentence (thread %s)', async (thread) => {
  const path = newPath()
  writeFileSync(path, 'this is no database, whatever it says at its head'.repeat(100))
  await expect(openLocalDatabase({ path, thread })).rejects.toMatchObject({
    code: 'raindex/database-corrupt',
    kind: 'storage',
    message: `The database ${path} is damaged or is none. Restore it from a copy, or move it away and sync again.`,
  })
})
